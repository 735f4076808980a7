package document

import (
	"errors"
	"fmt"
	"io"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

const (
	// maxExpanded bounds the size of a document with its aliases expanded: the bytes of
	// text, and bytesPerValue for each value.
	maxExpanded   = 1 << 20
	bytesPerValue = 8
)

// checkDocument rejects more than one document, and aliases that make a huge document of
// a small text. The decoder ignores further documents, and bounds aliases by number, not
// by size.
func checkDocument(text string) error {
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	for first := true; ; first = false {
		var document yamlv3.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !first:
			return fmt.Errorf("something follows the document: must be one document only: %w", err)
		case err != nil:
			return err
		case !first && !isNull(&document):
			return fmt.Errorf("line %d: a second document begins: must be one document only", document.Line)
		case first && (expansion{}).size(&document) > maxExpanded:
			return fmt.Errorf("its aliases expand to more than %d bytes", maxExpanded)
		}
	}
}

// isNull reports whether a document is empty, such as after a "---" at the end.
func isNull(document *yamlv3.Node) bool {
	return len(document.Content) == 1 && document.Content[0].ShortTag() == "!!null"
}

// expansion caches the size of each node, so that an alias is measured once. Sizes above
// the bound are not exact.
type expansion map[*yamlv3.Node]int

func (e expansion) size(n *yamlv3.Node) int {
	if n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	if size, ok := e[n]; ok {
		return size
	}
	e[n] = maxExpanded + 1 // until it is known: a node that contains itself has no end
	size := len(n.Value) + bytesPerValue
	for _, child := range n.Content {
		if size = size + e.size(child); size > maxExpanded {
			return maxExpanded + 1
		}
	}
	e[n] = size
	return size
}

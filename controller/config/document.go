package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

const (
	maxDocument = 256 << 10
	// maxExpanded bounds what aliases make of a document. It is counted in
	// bytes of text, and a few for each value.
	maxExpanded   = 1 << 20
	bytesPerValue = 8
)

// readDocument turns the text of config.yaml into the values of its keys: a
// string, bool or json.Number, or []any and map[string]any of such. It goes on
// after problems that leave something to go on with.
func readDocument(text string, path *field.Path) (map[string]any, field.ErrorList) {
	invalid := func(format string, args ...any) field.ErrorList {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, fmt.Sprintf(format, args...))}
	}
	text = strings.TrimPrefix(text, "\ufeff")
	switch {
	case len(text) > maxDocument:
		return nil, field.ErrorList{field.TooLong(path, "", maxDocument)}
	case !utf8.ValidString(text):
		return nil, invalid("must be UTF-8 text")
	case strings.ContainsRune(text, 0):
		return nil, invalid("must be text: line %d holds a NUL byte", lineOf(text, strings.IndexByte(text, 0)))
	}
	if err := checkDocument(text); err != nil {
		return nil, invalid("%s", describe(err, text))
	}
	var problems field.ErrorList
	asJSON, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		var loose error
		if asJSON, loose = yaml.YAMLToJSON([]byte(text)); loose != nil {
			return nil, invalid("%s", describe(loose, text))
		}
		// Only duplicate keys tell the two apart.
		for _, line := range strings.Split(err.Error(), "\n")[1:] {
			problems = append(problems, invalid("%s", strings.TrimSpace(line))...)
		}
	}
	var document any
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return nil, append(problems, invalid("%s", err)...)
	}
	values, ok := document.(map[string]any)
	switch {
	case document != nil && !ok:
		return nil, append(problems, invalid("is %s: must be a mapping such as \"name: example\"", kindOf(document))...)
	case len(values) == 0:
		return nil, append(problems, field.Required(path, "is empty: must be a mapping with at least name, cronExpression and metrics.prefix"))
	}
	return values, problems
}

// checkDocument refuses more than one document, and aliases that would make
// something huge out of a small text. The decoder ignores the former and
// bounds the latter by number, not by size.
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

// isNull reports whether a document is what a "---" at the end makes.
func isNull(document *yamlv3.Node) bool {
	return len(document.Content) == 1 && document.Content[0].ShortTag() == "!!null"
}

// expansion remembers the size of each node, so that measuring does not
// expand. Sizes beyond the bound are not exact.
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

// tabIndent is the beginning of a line that is indented with a tab.
var tabIndent = regexp.MustCompile(`(?m)^ *\t[ \t]*[^ \t\r\n]`)

// describe makes the parser's message say what people most often did.
func describe(err error, text string) string {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if at := tabIndent.FindStringIndex(text); at != nil && strings.Contains(message, "cannot start any token") {
		return fmt.Sprintf("line %d: is indented with a tab: must be spaces", lineOf(text, at[0]))
	}
	return message
}

func lineOf(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }

package manifest

import (
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
)

// Parse returns the root node of a text, or nil.
func Parse(text string) *yamlv3.Node {
	var document yamlv3.Node
	if yamlv3.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &document) != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// Locate returns the line of a path, such as spec.containers[0].env or
// gauges[free_bytes]. If the path does not exist, it returns the line of its longest
// existing prefix, or 0.
func Locate(n *yamlv3.Node, path string) int {
	if n == nil || path == "" {
		return 0
	}
	if path[0] != '.' && path[0] != '[' {
		path = "." + path
	}
	if n.Kind == yamlv3.AliasNode {
		n = n.Alias
	}
	line, longest := 0, 0
	follow := func(key string, at int, value *yamlv3.Node) {
		rest, ok := strings.CutPrefix(path, key)
		if !ok || len(key) < longest || (rest != "" && rest[0] != '.' && rest[0] != '[') {
			return
		}
		longest, line = len(key), at
		if inner := Locate(value, rest); inner > 0 {
			line = inner
		}
	}
	switch n.Kind {
	case yamlv3.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			follow("."+key.Value, key.Line, value)
			follow("["+key.Value+"]", key.Line, value)
		}
	case yamlv3.SequenceNode:
		for i, value := range n.Content {
			follow("["+strconv.Itoa(i)+"]", value.Line, value)
		}
	default:
	}
	return line
}

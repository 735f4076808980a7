package manifest

import (
	yamlv3 "go.yaml.in/yaml/v3"
)

// objects returns the objects of a document: one, or those of a List.
func objects(document *yamlv3.Node) []*yamlv3.Node {
	if len(document.Content) == 0 {
		return nil
	}
	root := document.Content[0]
	items := Entry(root, "items")
	if Scalar(root, "kind") == "List" && items != nil {
		return items.Content
	}
	return []*yamlv3.Node{root}
}

// LineWithin maps the lines of a scalar to lines of the file. Only the lines of a
// literal block are lines of the file.
func LineWithin(scalar *yamlv3.Node) func(int) int {
	return func(line int) int {
		if scalar.Style&yamlv3.LiteralStyle != 0 {
			return scalar.Line + line
		}
		return scalar.Line
	}
}

// Entry returns the value of an entry of a mapping, or nil.
func Entry(n *yamlv3.Node, name string) *yamlv3.Node {
	if n == nil || n.Kind != yamlv3.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// Scalar returns the scalar value of an entry of a mapping, or nothing.
func Scalar(n *yamlv3.Node, name string) string {
	value := Entry(n, name)
	if value == nil || value.Kind != yamlv3.ScalarNode {
		return ""
	}
	return value.Value
}

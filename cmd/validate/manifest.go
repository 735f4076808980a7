package validate

import (
	"errors"
	"fmt"
	"io"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// configMap is a ConfigMap of a manifest that holds a configuration.
type configMap struct {
	name      string
	namespace string
	values    map[string]Value
}

// configMaps returns the one ConfigMap of a manifest that holds a
// configuration. A text that does not parse is taken for a config.yaml, which
// has its own words for that.
func configMaps(text, file string) (found configMap, isManifest bool, err error) {
	var all []configMap
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	for {
		var document yamlv3.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return oneOf(all, isManifest)
		case err != nil && isManifest:
			return found, true, err
		case err != nil:
			return found, false, nil
		}
		for _, object := range objects(&document) {
			if scalar(object, "kind") == "" || scalar(object, "apiVersion") == "" {
				continue
			}
			isManifest = true
			if m, ok := newConfigMap(object, file); ok {
				all = append(all, m)
			}
		}
	}
}

func oneOf(all []configMap, isManifest bool) (configMap, bool, error) {
	switch {
	case !isManifest:
		return configMap{}, false, nil
	case len(all) == 0:
		return configMap{}, true, fmt.Errorf("is a manifest without a ConfigMap that has the key %s", config.ConfigKey)
	case len(all) > 1:
		return configMap{}, true, fmt.Errorf("has several ConfigMaps with the key %s, such as %s and %s: must have one", config.ConfigKey, all[0].name, all[1].name)
	}
	return all[0], true, nil
}

// objects returns what a document holds: an object, or a List of them.
func objects(document *yamlv3.Node) []*yamlv3.Node {
	if len(document.Content) == 0 {
		return nil
	}
	root := document.Content[0]
	items := entry(root, "items")
	if scalar(root, "kind") == "List" && items != nil {
		return items.Content
	}
	return []*yamlv3.Node{root}
}

func newConfigMap(object *yamlv3.Node, file string) (configMap, bool) {
	data := entry(object, "data")
	if scalar(object, "kind") != "ConfigMap" || data == nil {
		return configMap{}, false
	}
	metadata := entry(object, "metadata")
	m := configMap{name: scalar(metadata, "name"), namespace: scalar(metadata, "namespace"), values: map[string]Value{}}
	for i := 0; i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i], data.Content[i+1]
		m.values[key.Value] = Value{Text: value.Value, File: file, Line: lineWithin(value)}
	}
	_, ok := m.values[config.ConfigKey]
	return m, ok
}

// lineWithin returns where the lines of a scalar are. Only those of a literal
// block are lines of the file, too.
func lineWithin(scalar *yamlv3.Node) func(int) int {
	return func(line int) int {
		if scalar.Style&yamlv3.LiteralStyle != 0 {
			return scalar.Line + line
		}
		return scalar.Line
	}
}

// entry returns the value of an entry of a mapping, or nil.
func entry(n *yamlv3.Node, name string) *yamlv3.Node {
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

func scalar(n *yamlv3.Node, name string) string {
	value := entry(n, name)
	if value == nil || value.Kind != yamlv3.ScalarNode {
		return ""
	}
	return value.Value
}

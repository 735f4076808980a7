package validate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/cmd/environment"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// bundle is a configuration with the objects that are deployed together with it.
type bundle struct {
	configMap    *configMap // the one with the configuration; nil: there are only NodeCronJobs
	configMaps   []configMap
	deployments  []*appsv1.Deployment
	nodeCronJobs []*NodeCronJob
}

// configMap is a ConfigMap of a manifest.
type configMap struct {
	name      string
	namespace string
	values    map[string]Value
}

// readManifest reads a manifest with one ConfigMap that has a configuration, or with
// NodeCronJobs. A text
// that does not parse counts as a config.yaml, whose decoder has better messages.
func readManifest(text, file string) (m bundle, isManifest bool, err error) {
	decoder := yamlv3.NewDecoder(strings.NewReader(text))
	for {
		var document yamlv3.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF) && isManifest:
			return m, true, m.choose()
		case errors.Is(err, io.EOF):
			return m, false, nil
		case err != nil && isManifest:
			return m, true, err
		case err != nil:
			return m, false, nil
		}
		for _, object := range objects(&document) {
			if scalar(object, "kind") == "" || scalar(object, "apiVersion") == "" {
				continue
			}
			isManifest = true
			if err := m.add(object, file); err != nil {
				return m, true, err
			}
		}
	}
}

func (m *bundle) add(object *yamlv3.Node, file string) error {
	switch scalar(object, "kind") {
	case "ConfigMap":
		m.configMaps = append(m.configMaps, newConfigMap(object, file))
	case v1alpha1.NodeCronJobKind:
		if strings.HasPrefix(scalar(object, "apiVersion"), v1alpha1.GroupName+"/") {
			m.nodeCronJobs = append(m.nodeCronJobs, newNodeCronJob(object, file))
		}
	case "Deployment":
		var d appsv1.Deployment
		if err := decode(object, &d); err != nil {
			return fmt.Errorf("deployment %s: %w", scalar(entry(object, "metadata"), "name"), err)
		}
		m.deployments = append(m.deployments, &d)
	}
	return nil
}

// decode reads an object as its Go type.
func decode(object *yamlv3.Node, into any) error {
	text, err := yamlv3.Marshal(object)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}

// choose finds the ConfigMap with the configuration.
func (m *bundle) choose() error {
	var found []configMap
	for _, c := range m.configMaps {
		if _, ok := c.values[config.ConfigKey]; ok {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0 && len(m.nodeCronJobs) > 0:
		return nil
	case len(found) == 0:
		return fmt.Errorf("is a manifest without a %s, and without a ConfigMap that has the key %s", v1alpha1.NodeCronJobKind, config.ConfigKey)
	case len(found) > 1:
		return fmt.Errorf("has several ConfigMaps with the key %s, such as %s and %s: must have one", config.ConfigKey, found[0].name, found[1].name)
	}
	m.configMap = &found[0]
	return nil
}

// environment returns the controller's environment, if the manifest has its
// Deployment.
func (m *bundle) environment() (config.Env, error) {
	for _, d := range m.deployments {
		in := environment.Surroundings{Namespace: cmp.Or(d.Namespace, m.configMap.namespace, sampleNamespace), Data: m.data}
		if environment.Container(d.Spec.Template, in) == "" {
			continue
		}
		env, err := environment.OfController(d.Spec.Template, in)
		if err != nil {
			return env, fmt.Errorf("deployment %s: %w", d.Name, err)
		}
		if env.ConfigMapName == m.configMap.name {
			return env, nil
		}
	}
	return config.Env{Namespace: m.configMap.namespace}, nil
}

// data returns the data of an object of the manifest.
func (m *bundle) data(kind environment.Kind, name string) (map[string]string, error) {
	for _, c := range m.configMaps {
		if kind == environment.ConfigMap && c.name == name {
			data := map[string]string{}
			for key, value := range c.values {
				data[key] = value.Text
			}
			return data, nil
		}
	}
	return nil, fmt.Errorf("%s %s is not in the manifest: pass the two files of the configuration separately, and POD_IP with -pod-ip", kind, name)
}

// objects returns the objects of a document: one, or those of a List.
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

func newConfigMap(object *yamlv3.Node, file string) configMap {
	metadata := entry(object, "metadata")
	m := configMap{name: scalar(metadata, "name"), namespace: scalar(metadata, "namespace"), values: map[string]Value{}}
	data := entry(object, "data")
	for i := 0; data != nil && i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i], data.Content[i+1]
		m.values[key.Value] = Value{Text: value.Value, File: file, Line: lineWithin(value)}
	}
	return m
}

// lineWithin maps the lines of a scalar to lines of the file. Only the lines of a
// literal block are lines of the file.
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

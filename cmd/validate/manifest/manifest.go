package manifest

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

// Manifest is a configuration with the objects that are deployed together with it.
type Manifest struct {
	Configuration *ConfigMap // the ConfigMap with it; nil: there are only NodeCronJobs
	NodeCronJobs  []*NodeCronJob
	configMaps    []ConfigMap
	deployments   []*appsv1.Deployment
}

// ConfigMap is a ConfigMap of a manifest.
type ConfigMap struct {
	Values    map[string]Value
	name      string
	namespace string
}

// Value is the text of a key of a ConfigMap, and its source.
type Value struct {
	Text string
	File string // its name in messages
	// Line maps a line of the text to a line of the file. Nil: the text is the file.
	Line func(line int) int
}

// At returns the line of the file with a line of the text.
func (v Value) At(line int) int {
	if v.Line == nil {
		return line
	}
	return v.Line(line)
}

// NodeCronJob is a NodeCronJob of a manifest.
type NodeCronJob struct {
	Name, Namespace string
	File            string // its name in messages
	Object          *yamlv3.Node
}

// Read reads a manifest with one ConfigMap that has a configuration, or with NodeCronJobs. A
// text that does not parse counts as a config.yaml, whose decoder has better messages.
func Read(text, file string) (m Manifest, isManifest bool, err error) {
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
			if Scalar(object, "kind") == "" || Scalar(object, "apiVersion") == "" {
				continue
			}
			isManifest = true
			if err := m.add(object, file); err != nil {
				return m, true, err
			}
		}
	}
}

func (m *Manifest) add(object *yamlv3.Node, file string) error {
	switch Scalar(object, "kind") {
	case "ConfigMap":
		m.configMaps = append(m.configMaps, newConfigMap(object, file))
	case v1alpha1.NodeCronJobKind:
		if strings.HasPrefix(Scalar(object, "apiVersion"), v1alpha1.GroupName+"/") {
			m.NodeCronJobs = append(m.NodeCronJobs, newNodeCronJob(object, file))
		}
	case "Deployment":
		var d appsv1.Deployment
		if err := decode(object, &d); err != nil {
			return fmt.Errorf("deployment %s: %w", Scalar(Entry(object, "metadata"), "name"), err)
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
func (m *Manifest) choose() error {
	var found []ConfigMap
	for _, c := range m.configMaps {
		if _, ok := c.Values[config.ConfigKey]; ok {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0 && len(m.NodeCronJobs) > 0:
		return nil
	case len(found) == 0:
		return fmt.Errorf("is a manifest without a %s, and without a ConfigMap that has the key %s", v1alpha1.NodeCronJobKind, config.ConfigKey)
	case len(found) > 1:
		return fmt.Errorf("has several ConfigMaps with the key %s, such as %s and %s: must have one", config.ConfigKey, found[0].name, found[1].name)
	}
	m.Configuration = &found[0]
	return nil
}

// Environment returns the controller's environment, if the manifest has its Deployment. A
// namespace stands for one that no object names.
func (m *Manifest) Environment(namespace string) (config.Env, error) {
	for _, d := range m.deployments {
		in := environment.Surroundings{Namespace: cmp.Or(d.Namespace, m.Configuration.namespace, namespace), Data: m.data}
		if environment.Container(d.Spec.Template, in) == "" {
			continue
		}
		env, err := environment.OfController(d.Spec.Template, in)
		if err != nil {
			return env, fmt.Errorf("deployment %s: %w", d.Name, err)
		}
		if env.ConfigMapName == m.Configuration.name {
			return env, nil
		}
	}
	return config.Env{Namespace: m.Configuration.namespace}, nil
}

// data returns the data of an object of the manifest.
func (m *Manifest) data(kind environment.Kind, name string) (map[string]string, error) {
	for _, c := range m.configMaps {
		if kind == environment.ConfigMap && c.name == name {
			data := map[string]string{}
			for key, value := range c.Values {
				data[key] = value.Text
			}
			return data, nil
		}
	}
	return nil, fmt.Errorf("%s %s is not in the manifest: pass the two files of the configuration separately, and POD_IP with -pod-ip", kind, name)
}

func newConfigMap(object *yamlv3.Node, file string) ConfigMap {
	metadata := Entry(object, "metadata")
	m := ConfigMap{name: Scalar(metadata, "name"), namespace: Scalar(metadata, "namespace"), Values: map[string]Value{}}
	data := Entry(object, "data")
	for i := 0; data != nil && i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i], data.Content[i+1]
		m.Values[key.Value] = Value{Text: value.Value, File: file, Line: LineWithin(value)}
	}
	return m
}

func newNodeCronJob(object *yamlv3.Node, file string) *NodeCronJob {
	metadata := Entry(object, "metadata")
	return &NodeCronJob{Name: Scalar(metadata, "name"), Namespace: Scalar(metadata, "namespace"), File: file, Object: object}
}

package deploy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	yamlstream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// What the overlay e2e has, on which these overlays stand.
const (
	parent         = "e2e"
	baseName       = "batch-job-controller" // of most objects
	baseImage      = "localhost/batch-job-controller"
	baseReports    = "/var/www"
	controllerName = "controller" // of the container, and of its component
)

// Overlay is what differs from the overlay e2e.
type Overlay struct {
	Namespace       string
	Image           string // of the controller
	ConfigMap       string // its name; empty: that of the base
	Config          string // config.yaml
	PodTemplate     string // pod-template.yaml
	ReportDirectory string // where the reports' volume is mounted; empty: as in the base
	PodIP           bool   // POD_IP is set
	Service         string // name of a callback Service; empty: there is only that of the base
	ServicePort     int    // 0: that of the controller
	Headless        bool   // the Service has no address of its own
}

type object = map[string]any

// render renders the overlay as kubectl would.
func (o Overlay) render() ([]*unstructured.Unstructured, error) {
	files, err := manifests.FileSystem()
	if err != nil {
		return nil, err
	}
	dir := path.Join(manifests.OverlaysDir, o.Namespace)
	if err := o.write(files, dir); err != nil {
		return nil, err
	}
	text, err := manifests.RenderDir(files, dir)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func (o Overlay) write(files filesys.FileSystem, dir string) error {
	name, tag, _ := strings.Cut(o.Image, ":")
	generator := object{
		"name": cmp.Or(o.ConfigMap, baseName), "files": []string{"config.yaml", "pod-template.yaml"},
		"options": object{"disableNameSuffixHash": true},
	}
	if o.ConfigMap == "" {
		generator["behavior"] = "replace"
	}
	resources := []string{"../" + parent}
	if o.Service != "" {
		resources = append(resources, "service.yaml")
	}
	kustomization := object{
		"apiVersion":         "kustomize.config.k8s.io/v1beta1",
		"kind":               "Kustomization",
		"namespace":          o.Namespace,
		"resources":          resources,
		"transformers":       []string{"../../transformers/cluster-names"},
		"images":             []object{{"name": baseImage, "newName": name, "newTag": tag}},
		"configMapGenerator": []object{generator},
		"patches":            []object{{"path": "deployment.yaml"}},
	}
	errs := []error{
		files.WriteFile(path.Join(dir, "config.yaml"), []byte(o.Config)),
		files.WriteFile(path.Join(dir, "pod-template.yaml"), []byte(o.PodTemplate)),
	}
	for file, content := range map[string]object{
		"kustomization.yaml": kustomization,
		"deployment.yaml":    o.deployment(),
		"service.yaml":       o.service(),
	} {
		text, err := yaml.Marshal(content)
		errs = append(errs, err, files.WriteFile(path.Join(dir, file), text))
	}
	return errors.Join(errs...)
}

// deployment is a patch.
func (o Overlay) deployment() object {
	env := []object{{"name": "CONFIG_MAP_NAME", "value": cmp.Or(o.ConfigMap, baseName)}}
	if o.PodIP {
		env = append(env, object{"name": "POD_IP", "valueFrom": object{"fieldRef": object{"fieldPath": "status.podIP"}}})
	}
	container := object{"name": controllerName, "env": env}
	if o.ReportDirectory != "" {
		container["volumeMounts"] = []object{
			{"$patch": "delete", "mountPath": baseReports},
			{"name": "reports", "mountPath": o.ReportDirectory},
		}
	}
	return object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": baseName},
		"spec": object{"template": object{"spec": object{"containers": []object{container}}}},
	}
}

func (o Overlay) service() object {
	spec := object{
		"selector": object{"app.kubernetes.io/name": baseName, "app.kubernetes.io/component": controllerName},
		"ports": []object{{
			"name": "callbacks", "port": cmp.Or(o.ServicePort, CallbackPort), "targetPort": CallbackPort,
		}},
	}
	if o.Headless {
		spec["clusterIP"] = corev1.ClusterIPNone
	}
	return object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": o.Service}, "spec": spec}
}

// decode takes a stream of YAML documents apart.
func decode(text []byte) ([]*unstructured.Unstructured, error) {
	decoder := yamlstream.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		one := &unstructured.Unstructured{}
		err := decoder.Decode(one)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decode objects: %w", err)
		}
		objects = append(objects, one)
	}
}

// configuredName returns the name of the configuration that the Deployment is
// told to read.
func configuredName(objects []*unstructured.Unstructured, configMap string) (string, error) {
	for _, one := range objects {
		if one.GetKind() != "ConfigMap" || one.GetName() != configMap {
			continue
		}
		text, _, err := unstructured.NestedString(one.Object, "data", "config.yaml")
		if err != nil {
			return "", err
		}
		var config struct{ Name string }
		if err := yaml.Unmarshal([]byte(text), &config); err != nil {
			return "", fmt.Errorf("config.yaml: %w", err)
		}
		return config.Name, nil
	}
	return "", fmt.Errorf("no ConfigMap %s", configMap)
}

package deploy

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// The names in the overlays of package kustomize.
const (
	defaultParent  = "e2e"
	baseName       = "batch-job-controller" // of most objects
	baseReports    = "/var/www"
	controllerName = "controller" // of the container, and of its component
)

// Overlay is the differences from an overlay of package kustomize.
type Overlay struct {
	Parent          string // the overlay of package kustomize, such as production; empty: e2e
	Namespace       string
	Image           string   // of the controller
	ConfigMap       string   // its name; empty: the name in the base
	Config          string   // config.yaml
	PodTemplate     string   // pod-template.yaml
	ReportDirectory string   // the mount path of the reports' volume; empty: as in the base
	PodIP           bool     // sets POD_IP
	Service         string   // name of an additional callback Service; empty: none
	ServicePort     int      // 0: the port of the controller
	Headless        bool     // the Service has no address of its own
	Components      []string // of package kustomize, such as ha
	Volume          string   // the PersistentVolume for the components' claim; empty: any
}

type object = map[string]any

// render renders the overlay as kubectl does.
func (o Overlay) render() ([]*unstructured.Unstructured, error) {
	rendered := manifests.Options{
		Overlay: cmp.Or(o.Parent, defaultParent), Namespace: o.Namespace, Image: o.Image, Components: o.Components,
		Patches: []any{o.deployment()},
	}
	if o.ConfigMap == "" {
		rendered.Config, rendered.PodTemplate = o.Config, o.PodTemplate
	} else {
		rendered.Resources = append(rendered.Resources, o.configMap())
	}
	if o.Service != "" {
		rendered.Resources = append(rendered.Resources, o.service())
	}
	if o.Volume != "" {
		rendered.Patches = append(rendered.Patches, o.claim())
	}
	text, err := manifests.Render(rendered)
	if err != nil {
		return nil, err
	}
	return objects.Decode(text)
}

// configMap returns the ConfigMap of the overlay, in addition to that of the base.
func (o Overlay) configMap() object {
	return object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": o.ConfigMap},
		"data": object{"config.yaml": o.Config, "pod-template.yaml": o.PodTemplate},
	}
}

// deployment returns a patch of the Deployment.
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

// claim returns a patch of the PersistentVolumeClaim.
func (o Overlay) claim() object {
	return object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": baseName},
		"spec": object{"volumeName": o.Volume, "storageClassName": ""},
	}
}

// configuredName returns the name in the configuration that the Deployment reads.
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

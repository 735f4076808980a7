//go:build e2e

package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// operatorKinds are the kinds of the Prometheus Operator, which this cluster lacks.
var operatorKinds = []string{"PrometheusRule.monitoring.coreos.com", "ServiceMonitor.monitoring.coreos.com"}

// The API server accepts every object of every overlay, and of the base with every component,
// without a warning about an unknown field, a deprecated version, or a pod that is not
// restricted.
func TestTheAPIServerTakesTheManifests(t *testing.T) {
	t.Parallel()
	server := newJudge(t)
	forEach(t, "overlay", manifests.Overlays, func(t *testing.T, overlay string) {
		rendered, err := manifests.Render(manifests.Options{Overlay: overlay})
		if err != nil {
			t.Fatal(err)
		}
		server.judge(t, rendered)
	})
	forEach(t, "component", manifests.Components, func(t *testing.T, component string) {
		server.judge(t, renderWith(t, component))
	})
}

func forEach(t *testing.T, what string, list func() ([]string, error), test func(t *testing.T, name string)) {
	t.Helper()
	names, err := list()
	if err != nil || len(names) == 0 {
		t.Fatalf("there is no %s: %v", what, err)
	}
	for _, name := range names {
		t.Run(what+" "+name, func(t *testing.T) { test(t, name) })
	}
}

// renderWith renders the base with a component, in a namespace named after it.
func renderWith(t *testing.T, component string) []byte {
	t.Helper()
	rendered, err := manifests.Render(manifests.Options{Namespace: "with-" + component, Components: []string{component}})
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

// judge validates objects with the API server, without storing them.
type judge struct {
	client dynamic.Interface
	mapper meta.RESTMapper

	mu       sync.Mutex
	warnings []string
}

func newJudge(t *testing.T) *judge {
	t.Helper()
	resources, err := restmapper.GetAPIGroupResources(discovery.NewDiscoveryClient(shared.Client.CoreV1().RESTClient()))
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{mapper: restmapper.NewDiscoveryRESTMapper(resources)}
	config := rest.CopyConfig(shared.REST)
	config.WarningHandler = j
	if j.client, err = dynamic.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	return j
}

// HandleWarningHeader records a warning of the API server.
func (j *judge) HandleWarningHeader(_ int, _ string, text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.warnings = append(j.warnings, text)
}

func (j *judge) warned() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	warnings := j.warnings
	j.warnings = nil
	return warnings
}

func (j *judge) judge(t *testing.T, rendered []byte) {
	t.Helper()
	objects := documents(t, rendered)
	j.makeNamespace(t, objects)
	for _, object := range objects {
		err := j.dryRun(t, object)
		kind := object.GroupVersionKind().GroupKind().String()
		if meta.IsNoMatchError(err) && slices.Contains(operatorKinds, kind) {
			t.Logf("%s %s was not validated: this cluster lacks the kinds of the Prometheus Operator", kind, object.GetName())
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", kind, object.GetName(), err)
		}
		for _, warning := range j.warned() {
			t.Errorf("%s %s: warning: %s", kind, object.GetName(), warning)
		}
	}
}

// dryRun applies an object as `kubectl apply --server-side --dry-run=server`
// does.
func (j *judge) dryRun(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	kind := object.GroupVersionKind()
	mapping, err := j.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	var client dynamic.ResourceInterface = j.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		client = j.client.Resource(mapping.Resource).Namespace(object.GetNamespace())
	}
	_, err = client.Apply(t.Context(), object.GetName(), object, metav1.ApplyOptions{
		FieldManager: "judge", DryRun: []string{metav1.DryRunAll},
	})
	return err
}

// makeNamespace creates the namespace of the objects, which a dry run requires. The namespace
// warns about pods that are not restricted.
func (j *judge) makeNamespace(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Deployment" })
	if i < 0 {
		t.Fatal("there is no Deployment")
	}
	namespaces := shared.Client.CoreV1().Namespaces()
	_, err := namespaces.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   objects[i].GetNamespace(),
		Labels: map[string]string{"pod-security.kubernetes.io/warn": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := namespaces.Delete(context.WithoutCancel(t.Context()), objects[i].GetNamespace(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
}

func documents(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

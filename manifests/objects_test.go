package manifests

import (
	"bytes"
	"errors"
	"io"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

// decode returns the objects of YAML documents. A field that their types do
// not have is an error.
func decode(t *testing.T, rendered []byte) []runtime.Object {
	t.Helper()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	foreign := unstructured.UnstructuredJSONScheme
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(rendered)))
	defer func() {
		if err := documents.Close(); err != nil {
			t.Error(err)
		}
	}()
	var objects []runtime.Object
	for {
		document := make([]byte, len(rendered))
		n, err := documents.Read(document)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(document[:n], nil, nil)
		if runtime.IsNotRegisteredError(err) { // of the Prometheus Operator: see operator_test.go
			var inJSON []byte
			if inJSON, err = yaml.ToJSON(document[:n]); err == nil {
				object, _, err = foreign.Decode(inJSON, nil, nil)
			}
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, document[:n])
		}
		objects = append(objects, object)
	}
}

func render(t *testing.T, overlay string) []runtime.Object {
	t.Helper()
	rendered, err := renderQuickly(Options{Overlay: overlay})
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, rendered)
}

// forEachInstallation runs a test over the objects of each overlay, and over
// those of the base in some namespace, alone and with each component.
func forEachInstallation(t *testing.T, test func(t *testing.T, objects []runtime.Object)) {
	t.Helper()
	forEachOverlay(t, func(t *testing.T, overlay string) { test(t, render(t, overlay)) })
	t.Run("base", func(t *testing.T) { test(t, decode(t, renderOnTop(t, BaseDir, "any"))) })
	forEachComponent(t, func(t *testing.T, component string) {
		test(t, decode(t, renderOnTop(t, BaseDir, "any", component)))
	})
}

// all returns the objects of one type.
func all[T runtime.Object](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if typed, ok := object.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// only returns the one object of a type.
func only[T runtime.Object](t *testing.T, objects []runtime.Object) T {
	t.Helper()
	found := all[T](objects)
	if len(found) != 1 {
		t.Fatalf("%d objects of type %T, want 1", len(found), *new(T))
	}
	return found[0]
}

// named returns the object of a type and a name.
func named[T runtime.Object](t *testing.T, objects []runtime.Object, name string) T {
	t.Helper()
	for _, object := range all[T](objects) {
		if accessor(t, object).GetName() == name {
			return object
		}
	}
	t.Fatalf("no %T called %q", *new(T), name)
	return *new(T)
}

func accessor(t *testing.T, object runtime.Object) metav1.Object {
	t.Helper()
	a, err := meta.Accessor(object)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func controllerPod(t *testing.T, objects []runtime.Object) corev1.PodTemplateSpec {
	t.Helper()
	return only[*appsv1.Deployment](t, objects).Spec.Template
}

func controllerContainer(t *testing.T, objects []runtime.Object) corev1.Container {
	t.Helper()
	containers := controllerPod(t, objects).Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("%d containers, want 1", len(containers))
	}
	return containers[0]
}

func envValue(c corev1.Container, name string) string {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

package manifests

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestOptions(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	image := func(t *testing.T, objects []runtime.Object) string { return controllerContainer(t, objects).Image }
	config := func(t *testing.T, objects []runtime.Object) map[string]string {
		return only[*corev1.ConfigMap](t, objects).Data
	}
	tests := map[string]struct {
		options Options
		check   func(t *testing.T, objects []runtime.Object)
	}{
		"the image has a tag": {
			Options{Overlay: "demo", Image: "localhost:5000/some/controller:v9"},
			func(t *testing.T, objects []runtime.Object) {
				if got := image(t, objects); got != "localhost:5000/some/controller:v9" {
					t.Errorf("got image %s", got)
				}
			},
		},
		"the image has a digest": {
			Options{Namespace: "there", Image: "localhost/controller@" + digest},
			func(t *testing.T, objects []runtime.Object) {
				if got := image(t, objects); got != "localhost/controller@"+digest {
					t.Errorf("got image %s", got)
				}
			},
		},
		"the namespace is another, and its object too": {
			Options{Overlay: "demo", Namespace: "there"},
			func(t *testing.T, objects []runtime.Object) {
				if got := only[*corev1.Namespace](t, objects).Name; got != "there" {
					t.Errorf("got namespace %s", got)
				}
				if got := only[*appsv1.Deployment](t, objects).Namespace; got != "there" {
					t.Errorf("the Deployment is in %s", got)
				}
			},
		},
		"the namespace is the overlay's, also for what a component adds": {
			Options{Overlay: "demo", Components: []string{"persistence"}},
			func(t *testing.T, objects []runtime.Object) {
				if got := only[*corev1.PersistentVolumeClaim](t, objects).Namespace; got != "batch-job-controller-demo" {
					t.Errorf("the claim is in %q", got)
				}
			},
		},
		"a component comes once, however often it is named": {
			Options{Namespace: "there", Components: []string{"persistence", "ha", "persistence", "ha"}},
			func(t *testing.T, objects []runtime.Object) {
				only[*corev1.PersistentVolumeClaim](t, objects)
				only[*policyv1.PodDisruptionBudget](t, objects)
			},
		},
		"one value of the ConfigMap is another": {
			Options{Overlay: "demo", Config: "name: mine\n"},
			func(t *testing.T, objects []runtime.Object) {
				data := config(t, objects)
				if data["config.yaml"] != "name: mine\n" || !strings.Contains(data["pod-template.yaml"], "CALLBACK_SERVICE_FILE_URL") {
					t.Errorf("got %v", data)
				}
			},
		},
		"it has no pod template": {
			Options{Overlay: "demo", Config: "name: mine\n", OnlyConfig: true},
			func(t *testing.T, objects []runtime.Object) {
				if data := config(t, objects); len(data) != 1 || data["config.yaml"] != "name: mine\n" {
					t.Errorf("got %v", data)
				}
			},
		},
		"both values are others": {
			Options{Namespace: "there", Config: "name: mine\n", PodTemplate: "kind: Pod\n"},
			func(t *testing.T, objects []runtime.Object) {
				if data := config(t, objects); len(data) != 2 || data["config.yaml"] != "name: mine\n" || data["pod-template.yaml"] != "kind: Pod\n" {
					t.Errorf("got %v", data)
				}
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rendered, err := renderQuickly(test.options)
			if err != nil {
				t.Fatal(err)
			}
			test.check(t, decode(t, rendered))
		})
	}
}

// Each alone, because others may bring it, and all at once.
func TestEveryComponentGoesWithEveryOverlay(t *testing.T) {
	components, err := Components()
	if err != nil {
		t.Fatal(err)
	}
	forEachOverlay(t, func(t *testing.T, overlay string) {
		all := render(t, overlay)
		for _, added := range append([][]string{components}, slices.Collect(slices.Chunk(components, 1))...) {
			text, err := renderQuickly(Options{Overlay: overlay, Components: added})
			if err != nil {
				t.Errorf("with %v: %v", added, err)
				continue
			}
			if got := decode(t, text); len(got) < len(all) {
				t.Errorf("with %v there are %d objects, and %d without", added, len(got), len(all))
			}
		}
	})
}

func TestWrongOptions(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    []string // in the error
	}{
		"an overlay that there is not":  {Options{Overlay: "nowhere"}, []string{`no overlay "nowhere"`, "demo, "}},
		"a directory is no overlay":     {Options{Overlay: "../overlays/demo"}, []string{`"../overlays/demo"`, "demo, "}},
		"the base has no namespace":     {Options{}, []string{"no namespace"}},
		"a component that there is not": {Options{Namespace: "there", Components: []string{"high"}}, []string{`no component "high"`, "ha, "}},
		"a namespace that cannot be":    {Options{Namespace: "Not_One"}, []string{`namespace "Not_One"`, "lower case"}},
		"an image that cannot be":       {Options{Namespace: "there", Image: "an image"}, []string{`image "an image"`, "v1.2.3"}},
		"a digest that is none":         {Options{Namespace: "there", Image: "image@sha256:1"}, []string{`"image@sha256:1"`}},
		"everything that is wrong at once": {
			Options{Namespace: "Not_One", Image: "an image", Components: []string{"high", "low"}},
			[]string{`"Not_One"`, `"an image"`, `"high"`, `"low"`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := renderQuickly(test.options)
			if err == nil {
				t.Fatal("it is rendered")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

package manifests

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the golden files")
	os.Exit(m.Run())
}

func TestRenderGolden(t *testing.T) {
	forEachOverlay(t, func(t *testing.T, overlay string) {
		got, err := renderQuickly(Options{Overlay: overlay})
		if err != nil {
			t.Fatal(err)
		}
		checkGolden(t, overlay, got)
	})
	forEachComponent(t, func(t *testing.T, component string) {
		checkGolden(t, "with-"+component, renderOnTop(t, BaseDir, "any", component))
	})
}

func checkGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = withoutDefinitions(t, got)
	golden := filepath.Join("testdata", name+".golden.yaml")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("differs from %s, which -update rewrites (-want +got):\n%s", golden, diff)
	}
}

func forEachOverlay(t *testing.T, test func(t *testing.T, overlay string)) {
	t.Helper()
	forEachOf(t, Overlays, test)
}

func forEachComponent(t *testing.T, test func(t *testing.T, component string)) {
	t.Helper()
	forEachOf(t, Components, test)
}

func forEachOf(t *testing.T, list func() ([]string, error), test func(t *testing.T, name string)) {
	t.Helper()
	names, err := list()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("there are none")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { test(t, name) })
	}
}

// renderOnTop renders a kustomization in a namespace, with components.
func renderOnTop(t *testing.T, dir, namespace string, components ...string) []byte {
	t.Helper()
	o := Options{Namespace: namespace, Components: components}
	if dir != BaseDir {
		o.Overlay = path.Base(dir)
	}
	rendered, err := renderQuickly(o)
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

func TestTwoInstallationsShareOnlyTheDefinitions(t *testing.T) {
	seen := map[string]bool{}
	for _, namespace := range []string{"one", "two"} {
		for _, object := range decode(t, renderOnTop(t, OverlaysDir+"/e2e", namespace)) {
			key := identity(t, object)
			if isDefinition(object) {
				continue
			}
			if seen[key] {
				t.Errorf("%s is in both", key)
			}
			seen[key] = true
		}
	}
}

func TestRenderIsForOneNamespace(t *testing.T) {
	clusterWide := []string{"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
	for _, object := range decode(t, renderOnTop(t, OverlaysDir+"/e2e", "one")) {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		if got := accessor(t, object).GetNamespace(); got != "one" && !slices.Contains(clusterWide, kind) {
			t.Errorf("%s is in namespace %q", kind, got)
		}
	}
}

// A name that one kustomization fixes could not be set by others.
func TestBaseNamesNoNamespace(t *testing.T) {
	files, err := quickFiles()
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := renderDir(files, BaseDir)
	if err != nil {
		t.Fatal(err)
	}
	objects := decode(t, rendered)
	for _, object := range objects {
		if namespace := accessor(t, object).GetNamespace(); namespace != "" {
			t.Errorf("%T is in namespace %q", object, namespace)
		}
	}
	subjects := only[*rbacv1.ClusterRoleBinding](t, objects).Subjects
	subjects = append(subjects, only[*rbacv1.RoleBinding](t, objects).Subjects...)
	for _, subject := range subjects {
		if subject.Namespace != "" {
			t.Errorf("subject %s is in namespace %q", subject.Name, subject.Namespace)
		}
	}
}

// The namespaces enforce the level restricted, which proves that the overlays need no
// other.
func TestNamespacesAreRestricted(t *testing.T) {
	forEachOverlay(t, func(t *testing.T, overlay string) {
		if overlay == "e2e" {
			return // each e2e test creates its own namespace
		}
		objects := render(t, overlay)
		namespace := only[*corev1.Namespace](t, objects)
		if want := only[*appsv1.Deployment](t, objects).Namespace; namespace.Name != want {
			t.Errorf("the namespace is called %s, and the Deployment is in %s", namespace.Name, want)
		}
		for _, mode := range []string{"enforce", "warn"} {
			if got := namespace.Labels["pod-security.kubernetes.io/"+mode]; got != "restricted" {
				t.Errorf("%s: got %q, want restricted", mode, got)
			}
		}
	})
}

// An object in two overlays would be changed by both installations.
func TestOverlaysShareOnlyTheDefinitions(t *testing.T) {
	in := map[string]string{}
	forEachOverlay(t, func(t *testing.T, overlay string) {
		for _, object := range render(t, overlay) {
			key := identity(t, object)
			if isDefinition(object) {
				continue
			}
			if other, ok := in[key]; ok {
				t.Errorf("%s is in %s too", key, other)
			}
			in[key] = overlay
		}
	})
}

// identity identifies an object in a cluster.
func identity(t *testing.T, object runtime.Object) string {
	t.Helper()
	a := accessor(t, object)
	return strings.Join([]string{object.GetObjectKind().GroupVersionKind().Kind, a.GetNamespace(), a.GetName()}, " ")
}

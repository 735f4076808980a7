package manifests

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the golden files")
	os.Exit(m.Run())
}

func TestRenderGolden(t *testing.T) {
	update := flag.Lookup("update").Value.String() == "true"
	forEachOverlay(t, func(t *testing.T, overlay string) {
		got, err := Render(overlay)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", overlay+".golden.yaml")
		if update {
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
	})
}

func forEachOverlay(t *testing.T, test func(t *testing.T, overlay string)) {
	t.Helper()
	names, err := Overlays()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no overlays")
	}
	for _, overlay := range names {
		t.Run(overlay, func(t *testing.T) { test(t, overlay) })
	}
}

func TestRenderUnknownOverlay(t *testing.T) {
	for _, name := range []string{"nowhere", "", ".", "../overlays/demo"} {
		if _, err := Render(name); err == nil || !strings.Contains(err.Error(), "demo, e2e") {
			t.Errorf("%q: got %v, want the overlays there are", name, err)
		}
	}
}

// renderOnTop renders a kustomization in a namespace, through an overlay on top
// of it.
func renderOnTop(t *testing.T, dir, namespace string) []byte {
	t.Helper()
	files, err := FileSystem()
	if err != nil {
		t.Fatal(err)
	}
	text := "namespace: " + namespace + "\nresources: [../../.." + dir + "]\ntransformers: [../../transformers/cluster-names]\n"
	if err := files.WriteFile(OverlaysDir+"/own/kustomization.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	rendered, err := RenderDir(files, OverlaysDir+"/own")
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

func TestTwoInstallationsShareNothing(t *testing.T) {
	seen := map[string]bool{}
	for _, namespace := range []string{"one", "two"} {
		for _, object := range decode(t, renderOnTop(t, OverlaysDir+"/e2e", namespace)) {
			a := accessor(t, object)
			key := strings.Join([]string{object.GetObjectKind().GroupVersionKind().Kind, a.GetNamespace(), a.GetName()}, " ")
			if seen[key] {
				t.Errorf("%s is in both", key)
			}
			seen[key] = true
		}
	}
}

func TestRenderIsForOneNamespace(t *testing.T) {
	clusterWide := []string{"Namespace", "ClusterRole", "ClusterRoleBinding"}
	for _, object := range decode(t, renderOnTop(t, OverlaysDir+"/e2e", "one")) {
		kind := object.GetObjectKind().GroupVersionKind().Kind
		if got := accessor(t, object).GetNamespace(); got != "one" && !slices.Contains(clusterWide, kind) {
			t.Errorf("%s is in namespace %q", kind, got)
		}
	}
}

// What only one kustomization may name would not let itself be set by others.
func TestBaseNamesNoNamespace(t *testing.T) {
	files, err := FileSystem()
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := RenderDir(files, BaseDir)
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

// A namespace that keeps out what is not restricted: so that the demo proves
// that it needs no more.
func TestDemoNamespaceIsRestricted(t *testing.T) {
	namespace := only[*corev1.Namespace](t, render(t, "demo"))
	if got := namespace.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("the namespace enforces %q", got)
	}
}

package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

const definitionKind = "CustomResourceDefinition"

func isDefinition(object runtime.Object) bool {
	return object.GetObjectKind().GroupVersionKind().Kind == definitionKind
}

// TestOneApplyOnAnEmptyCluster checks that one apply of each overlay brings the custom
// resource definitions, and nothing that needs them: the API server would not know its kind
// yet.
func TestOneApplyOnAnEmptyCluster(t *testing.T) {
	forEachInstallation(t, func(t *testing.T, objects []runtime.Object) {
		var names []string
		for i, object := range objects {
			if !isDefinition(object) {
				if group := object.GetObjectKind().GroupVersionKind().Group; group == "batch-job-controller.io" {
					t.Errorf("%s is of a kind that the cluster does not know yet", identity(t, object))
				}
				continue
			}
			if i > 0 && !isDefinition(objects[i-1]) && objects[i-1].GetObjectKind().GroupVersionKind().Kind != "Namespace" {
				t.Errorf("%s is applied after %s", identity(t, object), identity(t, objects[i-1]))
			}
			names = append(names, accessor(t, object).GetName())
		}
		if want := []string{"executions.batch-job-controller.io", "nodecronjobs.batch-job-controller.io"}; !slices.Equal(slices.Sorted(slices.Values(names)), want) {
			t.Errorf("got the definitions %v, want %v", names, want)
		}
	})
}

func TestDefinitionsAreRenderedAsTheyWereGenerated(t *testing.T) {
	generated := definitions(t)
	rendered, err := Render(Options{Overlay: "production", Namespace: "any"})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, object := range decode(t, rendered) {
		if !isDefinition(object) {
			continue
		}
		found++
		name := accessor(t, object).GetName()
		if revision, err := strconv.Atoi(accessor(t, object).GetAnnotations()["batch-job-controller.io/revision"]); err != nil || revision < 1 {
			t.Errorf("%s has no revision, by which kubectl batchjob knows which is newer: %v", name, err)
		}
		if diff := cmp.Diff(generated[name], specOf(t, object)); diff != "" {
			t.Errorf("%s (-generated +rendered):\n%s", name, diff)
		}
	}
	if found != len(generated) {
		t.Errorf("%d definitions were rendered, and %d generated", found, len(generated))
	}
}

// definitions returns the specs of the generated definitions, by name.
func definitions(t *testing.T) map[string]any {
	t.Helper()
	specs := map[string]any{}
	entries, err := fs.ReadDir(kustomize.Files(), "crds")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() == "kustomization.yaml" {
			continue
		}
		text, err := fs.ReadFile(kustomize.Files(), path.Join("crds", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range decode(t, text) {
			specs[accessor(t, object).GetName()] = specOf(t, object)
		}
	}
	return specs
}

func specOf(t *testing.T, object runtime.Object) any {
	t.Helper()
	definition, ok := object.(*unstructured.Unstructured)
	if !ok {
		t.Fatalf("got %T, want an unstructured definition", object)
	}
	return definition.Object["spec"]
}

// withoutDefinitions leaves the definitions out of YAML documents: each golden file would
// repeat their thousands of lines.
func withoutDefinitions(t *testing.T, rendered []byte) []byte {
	t.Helper()
	const separator = "---\n"
	documents := bytes.Split(rendered, []byte("\n"+separator))
	for i, document := range documents {
		var head struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			t.Fatal(err)
		}
		if head.Kind == definitionKind {
			documents[i] = []byte("# " + definitionKind + " " + head.Metadata.Name + ": see kustomize/crds")
		}
	}
	return bytes.Join(documents, []byte("\n"+separator))
}

// renderQuickly is Render with definitions that have no schema, whose thousands of lines would
// take most of the time of these tests.
func renderQuickly(o Options) ([]byte, error) {
	files, err := quickFiles()
	if err != nil {
		return nil, err
	}
	return o.render(files)
}

func quickFiles() (filesys.FileSystem, error) {
	files, err := fileSystem()
	if err != nil {
		return nil, err
	}
	for name, plural := range map[string]string{"node-cron-job.yaml": "nodecronjobs", "execution.yaml": "executions"} {
		text := fmt.Sprintf("apiVersion: apiextensions.k8s.io/v1\nkind: %s\nmetadata: {name: %s.batch-job-controller.io}\n", definitionKind, plural)
		err = errors.Join(err, files.WriteFile("/kustomize/crds/"+name, []byte(text)))
	}
	return files, err
}

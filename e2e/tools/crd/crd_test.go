package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

func each(t *testing.T, test func(t *testing.T, d definition)) {
	t.Helper()
	for _, file := range slices.Sorted(maps.Values(definitions())) {
		t.Run(filepath.Base(file), func(t *testing.T) { test(t, load(t, filepath.Base(file))) })
	}
}

// What is generated is what is checked in.
func TestGeneratedFilesAreThoseOfTheTypes(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, files[name]) {
			t.Errorf("%s is not what the types say: run make generate", name)
		}
	}
}

// The API server finds nothing wrong: the schemas are structural, their defaults are
// valid, and the estimated cost of the rules is within its limits.
func TestDefinitionsAreValid(t *testing.T) {
	each(t, func(t *testing.T, d definition) {
		for _, err := range crdvalidation.ValidateCustomResourceDefinition(t.Context(), d.internal) {
			t.Error(err)
		}
	})
}

// oldest is the first version of Kubernetes that is supported. Its API server takes new
// rules only if the version before knows them too.
var oldest = version.MajorMinor(1, 29)

// The rules use nothing that the oldest API server lacks.
func TestRulesAreThoseOfTheOldestKubernetes(t *testing.T) {
	each(t, func(t *testing.T, d definition) {
		env := environment.MustBaseEnvSet(oldest.SubtractMinor(1))
		compiled := 0
		eachNode(d.structural, true, "", func(path string, s *schema.Structural, isRoot bool) {
			if len(s.XValidations) == 0 {
				return
			}
			declared := model.SchemaDeclType(s, isRoot)
			results, err := cel.Compile(s, declared, celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for i, result := range results {
				compiled++
				if result.Error != nil {
					t.Errorf("%s: %s: %v", path, s.XValidations[i].Rule, result.Error)
				}
			}
		})
		if compiled == 0 {
			t.Error("no rule was compiled")
		}
	})
}

func eachNode(s *schema.Structural, isRoot bool, path string, visit func(path string, s *schema.Structural, isRoot bool)) {
	visit(path, s, isRoot)
	for name := range s.Properties {
		property := s.Properties[name]
		eachNode(&property, property.XEmbeddedResource, path+"."+name, visit)
	}
	if s.Items != nil {
		eachNode(s.Items, false, path+"[]", visit)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		eachNode(s.AdditionalProperties.Structural, false, path+"{}", visit)
	}
}

// A client-side `kubectl apply` stores the whole definition in an annotation, and all
// annotations together may have 256 KiB.
func TestDefinitionsFitIntoAnAnnotation(t *testing.T) {
	const most = 200_000
	each(t, func(t *testing.T, d definition) {
		var compact bytes.Buffer
		if err := json.Compact(&compact, d.text); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", d.file, compact.Len())
		if compact.Len() > most {
			t.Errorf("%d bytes, want at most %d", compact.Len(), most)
		}
	})
}

// Every text, list and mapping of our own has a bound. Those of a pod, of a label selector
// and of a condition have those of Kubernetes.
func TestEverythingIsBounded(t *testing.T) {
	foreign := map[string]bool{
		".apiVersion": true, ".kind": true, ".metadata": true, ".spec.template": true, ".spec.custom": true,
		".spec.jobImagePullSecrets[].name":        true, // of Kubernetes; the list is bounded
		".spec.nodes.selector":                    true, // bounded by rules
		".status.conditions[]":                    true,
		".spec.callback.limits.labelSize":         true, // sizes, with a pattern and a rule
		".spec.callback.limits.bytesPerTask":      true,
		".spec.callback.limits.bytesPerExecution": true,
	}
	each(t, func(t *testing.T, d definition) {
		unbounded(d.structural, "", foreign, func(path, what string) { t.Errorf("%s: %s", path, what) })
	})
}

func unbounded(s *schema.Structural, path string, foreign map[string]bool, report func(path, what string)) {
	if foreign[path] {
		return
	}
	v := s.ValueValidation
	if v == nil {
		v = &schema.ValueValidation{}
	}
	switch {
	case s.Type == "string" && v.MaxLength == nil && len(v.Enum) == 0 && v.Format != "date-time":
		report(path, "a text without maxLength")
	case s.Type == "array" && v.MaxItems == nil:
		report(path, "a list without maxItems")
	case s.Type == "integer" && v.Minimum == nil:
		report(path, "a number without minimum")
	case s.AdditionalProperties != nil && v.MaxProperties == nil:
		report(path, "a mapping without maxProperties")
	}
	for name := range s.Properties {
		property := s.Properties[name]
		unbounded(&property, path+"."+name, foreign, report)
	}
	if s.Items != nil {
		unbounded(s.Items, path+"[]", foreign, report)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		unbounded(s.AdditionalProperties.Structural, path+"{}", foreign, report)
	}
}

// `kubectl explain` has a text for each field of our own.
func TestEveryFieldIsExplained(t *testing.T) {
	each(t, func(t *testing.T, d definition) {
		eachNode(d.structural, true, "", func(path string, s *schema.Structural, _ bool) {
			for name := range s.Properties {
				property := s.Properties[name]
				field := path + "." + name
				if property.Description == "" && !isBelowTemplate(field) && field != ".metadata" {
					t.Errorf("%s has no description", field)
				}
				if property.Description != "" && isBelowTemplate(field) {
					t.Errorf("%s has a description: kubectl explain pod has it too", field)
				}
			}
		})
	})
}

func isBelowTemplate(field string) bool {
	const template = ".spec.template."
	return len(field) > len(template) && field[:len(template)] == template
}

func TestColumns(t *testing.T) {
	want := map[string][]string{
		"node-cron-job.yaml": {"Schedule", "Suspend", "Nodes", "Bad", "Last", "Active", "Age"},
		"execution.yaml":     {"NodeCronJob", "Trigger", "Phase", "Nodes", "OK", "Bad", "Running", "Duration", "Age"},
	}
	each(t, func(t *testing.T, d definition) {
		var got []string
		for _, column := range d.internal.Spec.AdditionalPrinterColumns {
			if column.Priority == 0 {
				got = append(got, column.Name)
			}
		}
		if !slices.Equal(got, want[d.file]) {
			t.Errorf("got %q, want %q", got, want[d.file])
		}
	})
}

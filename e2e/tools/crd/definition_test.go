package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// definition is a custom resource definition, as the API server uses it.
type definition struct {
	file       string
	text       []byte // of the file, as JSON
	internal   *apiextensions.CustomResourceDefinition
	schema     *apiextensions.JSONSchemaProps
	structural *schema.Structural
	validator  validation.SchemaValidator
	rules      *cel.Validator
}

func load(t *testing.T, file string) definition {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, definitionsDir, file))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, file, text)
}

func parse(t *testing.T, file string, text []byte) definition {
	t.Helper()
	var external apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &external); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	scheme.Default(&external)
	d := definition{file: file, internal: &apiextensions.CustomResourceDefinition{}}
	if err := scheme.Convert(&external, d.internal, nil); err != nil {
		t.Fatal(err)
	}
	d.internal.Status.StoredVersions = []string{d.internal.Spec.Version} // as the API server does
	var err error
	if d.text, err = yaml.YAMLToJSON(text); err != nil {
		t.Fatal(err)
	}
	d.schema = d.internal.Spec.Validation.OpenAPIV3Schema
	if d.structural, err = schema.NewStructural(d.schema); err != nil {
		t.Fatal(err)
	}
	if d.validator, _, err = validation.NewSchemaValidator(d.schema); err != nil {
		t.Fatal(err)
	}
	d.rules = cel.NewValidator(d.structural, true, celconfig.PerCallLimit)
	return d
}

func nodeCronJobs(t *testing.T) definition { t.Helper(); return load(t, "node-cron-job.yaml") }
func executions(t *testing.T) definition   { t.Helper(); return load(t, "execution.yaml") }

// object is a custom resource, as JSON.
type object = map[string]any

// read parses an object.
func read(t *testing.T, text string) object {
	t.Helper()
	asJSON, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	var o object
	if err := utiljson.Unmarshal(asJSON, &o); err != nil { // whole numbers become int64
		t.Fatal(err)
	}
	return o
}

// merge returns the object with a patch: what is null is removed.
func merge(t *testing.T, o object, patch string) object {
	t.Helper()
	copied := runtime.DeepCopyJSON(o)
	mergeInto(copied, read(t, patch))
	return copied
}

func mergeInto(to, patch object) {
	for key, value := range patch {
		inner, isObject := value.(object)
		existing, exists := to[key].(object)
		switch {
		case value == nil:
			delete(to, key)
		case isObject && exists:
			mergeInto(existing, inner)
		default:
			to[key] = value
		}
	}
}

// store returns what the API server stores of an object that replaces the old one, nil if
// it is created, and what it finds wrong.
func (d definition) store(t *testing.T, o, old object) (object, []string) {
	t.Helper()
	stored := d.complete(o)
	problems := d.unknown(o)
	if old != nil {
		old = d.complete(old)
	}
	errs := objectmeta.Validate(t.Context(), nil, stored, d.structural, true)
	if old != nil {
		errs = append(errs, validation.ValidateCustomResourceUpdate(nil, stored, old, d.validator)...)
	} else {
		errs = append(errs, validation.ValidateCustomResource(nil, stored, d.validator)...)
	}
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, d.structural, stored)...)
	var before any
	if old != nil {
		before = old
	}
	broken, left := d.rules.Validate(context.WithoutCancel(t.Context()), nil, d.structural, stored, before, celconfig.RuntimeCELCostBudget)
	if left < 0 {
		problems = append(problems, "the rules cost more than the API server allows")
	}
	for _, err := range append(errs, broken...) {
		problems = append(problems, err.Error())
	}
	return stored, problems
}

// complete returns the object without unknown fields, and with its defaults.
func (d definition) complete(o object) object {
	o = runtime.DeepCopyJSON(o)
	pruning.Prune(o, d.structural, true)
	defaulting.PruneNonNullableNullsWithoutDefaults(o, d.structural)
	defaulting.Default(o, d.structural)
	return o
}

// unknown returns the fields of an object that its schema does not have.
func (d definition) unknown(o object) []string {
	var problems []string
	options := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	for _, path := range pruning.PruneWithOptions(runtime.DeepCopyJSON(o), d.structural, true, options) {
		problems = append(problems, "unknown field "+path)
	}
	return problems
}

// expect compares the problems with what is expected: nothing, or a part of one of them.
func expect(t *testing.T, problems []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(problems) > 0:
		t.Errorf("got %q, want no problem", problems)
	case want != "" && !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, want) }):
		t.Errorf("got %q, want %q", problems, want)
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

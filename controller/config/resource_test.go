package config

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// A NodeCronJob has the keys of a definition, under the same names, with the same defaults,
// bounds and words, and no others but its template.
func TestNodeCronJobsHaveTheKeysOfADefinition(t *testing.T) {
	fields := nodeCronJobFields(t)
	if _, ok := fields["template"]; !ok {
		t.Error("a NodeCronJob has no template")
	}
	delete(fields, "template")
	var d Definition
	var visit func(prefix string, keys []schema.Key)
	visit = func(prefix string, keys []schema.Key) {
		for _, k := range keys {
			path := prefix + k.Name
			if len(k.Value.Keys) > 0 {
				visit(path+".", k.Value.Keys)
				continue
			}
			field, ok := fields[path]
			if delete(fields, path); !ok {
				t.Errorf("%s is read into a Definition, but is no field of a NodeCronJob", path)
				continue
			}
			compare(t, path, k.Value, field)
		}
	}
	visit("", append(keysOfDefinition(&d), keysOfResource(&d)...))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		t.Errorf("a NodeCronJob has the field %s, which is not read into a Definition", name)
	}
}

// A definition that is suspended and resumed is the same one in reports.
func TestTheHashOfADefinitionIsOfWhatItRuns(t *testing.T) {
	hashOf := func(change func(*Definition)) string {
		d := minimal().Definition
		change(&d)
		hash, err := HashOf(d)
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	plain := hashOf(func(*Definition) {})
	if got := hashOf(func(d *Definition) { d.Suspend = true }); got != plain || plain == "" {
		t.Errorf("suspended: got %q, want %q", got, plain)
	}
	if got := hashOf(func(d *Definition) { d.PodTemplate += "\n" }); got == plain {
		t.Errorf("with another template: got %q as well", got)
	}
}

// fieldSchema is a field of a custom resource.
type fieldSchema struct {
	Properties           map[string]fieldSchema `json:"properties"`
	AdditionalProperties *fieldSchema           `json:"additionalProperties"`
	Items                *fieldSchema           `json:"items"`
	Default              any                    `json:"default"`
	Minimum              *int64                 `json:"minimum"`
	Maximum              *int64                 `json:"maximum"`
	MaxLength            int                    `json:"maxLength"`
	MaxItems             int                    `json:"maxItems"`
	MaxProperties        int                    `json:"maxProperties"`
	Enum                 []string               `json:"enum"`
}

// nodeCronJobSpec returns the spec of a NodeCronJob.
func nodeCronJobSpec(t *testing.T) fieldSchema {
	t.Helper()
	text, err := os.ReadFile("../../kustomize/crds/node-cron-job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema fieldSchema `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	return definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
}

// nodeCronJobFields returns the fields of the spec of a NodeCronJob, by their paths. Those
// of a pod are one field.
func nodeCronJobFields(t *testing.T) map[string]fieldSchema {
	t.Helper()
	fields := map[string]fieldSchema{}
	var add func(prefix string, properties map[string]fieldSchema)
	add = func(prefix string, properties map[string]fieldSchema) {
		for name, field := range properties {
			if path := prefix + name; len(field.Properties) == 0 || path == "template" {
				fields[path] = field
			} else {
				add(path+".", field.Properties)
			}
		}
	}
	add("", nodeCronJobSpec(t).Properties)
	return fields
}

var quoted = regexp.MustCompile("^`([^`]+)`$")

func compare(t *testing.T, path string, v schema.Value, field fieldSchema) {
	t.Helper()
	if got, want := shownDefault(field.Default), defaultOf(v); got != want {
		t.Errorf("%s: the default is %q, want %q", path, got, want)
	}
	if v.Kind == "a number" || (field.Minimum != nil && field.Maximum != nil) {
		if field.Minimum == nil || field.Maximum == nil || *field.Minimum != v.Least || *field.Maximum != v.Most {
			t.Errorf("%s: the bounds are %v and %v, want %d and %d", path, field.Minimum, field.Maximum, v.Least, v.Most)
		}
	}
	words := slices.DeleteFunc(slices.Clone(v.Words), func(word string) bool { return word == "" })
	if !slices.Equal(field.Enum, words) {
		t.Errorf("%s: the words are %q, want %q", path, field.Enum, words)
	}
}

// defaultOf returns what an absent key stands for, or nothing if that is for the controller
// to find out.
func defaultOf(v schema.Value) string {
	if v.InWords == "" {
		return shownDefault(v.Absent)
	}
	if literal := quoted.FindStringSubmatch(v.InWords); literal != nil {
		return shownDefault(literal[1])
	}
	return ""
}

// shownDefault writes durations in one way: 1h is 1h0m0s.
func shownDefault(v any) string {
	if v == nil {
		return ""
	}
	text := fmt.Sprint(v)
	if d, err := time.ParseDuration(text); err == nil && strings.TrimRight(text, "0123456789") != "" {
		return d.String()
	}
	return text
}

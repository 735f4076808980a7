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

// ofTheController are the keys of config.yaml that belong to the controller as a whole, or
// have an effect nowhere: a NodeCronJob does not have them. docs/design/0013 says why.
func ofTheController() []string {
	return []string{
		"name", "imagePullSecrets", "reportDirectory", "callbackServiceName", "callbackServicePort",
		"callback.auth", "callback.tls", "callback.tlsSecret",
		"callback.limits.resultSize", "callback.limits.eventSize", "callback.limits.fileSize",
		"callback.limits.uploadSize", "callback.limits.uploadParts", "callback.limits.headerLines",
		"callback.limits.headerDeadline", "callback.limits.bodyDeadline", "callback.limits.fileDeadline",
		"callback.limits.fileRate", "callback.limits.requestsPerTask", "callback.limits.eventsPerSecond",
		"callback.limits.freeBytes", "callback.limits.freePercent", "callback.limits.reserve",
		"callback.limits.series", "callback.limits.bodies", "callback.limits.queue",
		"callback.limits.queueDeadline", "callback.limits.connections", "callback.limits.reportConnections",
		"reports.auth", "reports.tls", "reports.tlsSecret",
		"metrics.port", "leaderElectionResourceLock", "healthProbePort",
	}
}

// ofAResource are the fields of a NodeCronJob that are no keys of config.yaml.
func ofAResource() []string {
	return []string{"suspend", "concurrencyPolicy", "priority", "template", "podTemplate"}
}

// Each key of a definition is in a NodeCronJob too, under the same name, with the same
// default, bounds and words.
func TestNodeCronJobsHaveTheKeysOfADefinition(t *testing.T) {
	fields := nodeCronJobFields(t)
	for _, name := range ofAResource() {
		if _, ok := fields[name]; !ok {
			t.Errorf("a NodeCronJob has no field %s", name)
		}
		delete(fields, name)
	}
	elsewhere := ofTheController()
	var visit func(prefix string, keys []schema.Key)
	visit = func(prefix string, keys []schema.Key) {
		for _, k := range keys {
			path := prefix + k.Name
			at := slices.Index(elsewhere, path)
			if at >= 0 {
				elsewhere = slices.Delete(elsewhere, at, at+1)
			}
			if len(k.Value.Keys) > 0 {
				visit(path+".", k.Value.Keys)
				continue
			}
			field, inResource := fields[path]
			delete(fields, path)
			switch {
			case inResource == (at >= 0):
				t.Errorf("%s must be either a field of a NodeCronJob or a key of the controller", path)
			case inResource:
				compare(t, path, k.Value, field)
			}
		}
	}
	visit("", keys(&Config{}, Env{}))
	for _, name := range elsewhere {
		t.Errorf("%s is no key", name)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		t.Errorf("a NodeCronJob has the field %s, which is no key", name)
	}
}

// fieldSchema is a field of a custom resource.
type fieldSchema struct {
	Properties map[string]fieldSchema `json:"properties"`
	Default    any                    `json:"default"`
	Minimum    *int64                 `json:"minimum"`
	Maximum    *int64                 `json:"maximum"`
	Enum       []string               `json:"enum"`
}

// nodeCronJobFields returns the fields of the spec of a NodeCronJob, by their paths. Those
// of a pod are one field.
func nodeCronJobFields(t *testing.T) map[string]fieldSchema {
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
	add("", definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties)
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

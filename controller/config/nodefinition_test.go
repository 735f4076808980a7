package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeWithoutADefinition(t *testing.T) {
	controller := minimal().Controller
	tests := map[string]struct {
		text         string
		hasTemplate  bool
		wantProblems []string
		wantWarnings []string
	}{
		"only the controller":       {text: "name: example"},
		"an empty schedule is none": {text: "name: example\ncronExpression:"},
		"what has no effect": {text: "name: example\npodPoolSize: x\nmetrics: {prefix: a, port: 0}\ncallback: {tokensPerSecret: 5, limits: {filesPerTask: 1}}",
			wantWarnings: []string{"callback.limits.filesPerTask", "callback.tokensPerSecret", "metrics.prefix", "podPoolSize"}},
		"an unknown key":                   {text: "name: example\npodPolSize: 1", wantProblems: []string{"podPolSize"}},
		"a key of the controller is wrong": {text: "name: Example", wantProblems: []string{"name"}},
		"a schedule":                       {text: `{name: example, cronExpression: "@daily"}`, wantProblems: []string{"metrics.prefix", PodTemplateKey}},
		"a schedule that is empty":         {text: `{name: example, cronExpression: ""}`, wantProblems: []string{"cronExpression", "metrics.prefix", PodTemplateKey}},
		"a template":                       {text: "name: example", hasTemplate: true, wantProblems: []string{"cronExpression", "metrics.prefix"}},
		"nothing":                          {text: "", wantProblems: []string{ConfigKey, PodTemplateKey}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			data := map[string]string{ConfigKey: tt.text}
			if tt.hasTemplate {
				data[PodTemplateKey] = podTemplate
			}
			got, warnings, err := Decode(data, podEnv, now)
			if diff := cmp.Diff(tt.wantProblems, sortedPaths(lines(t, err))); diff != "" {
				t.Fatalf("problems (-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tt.wantWarnings, sortedPaths(warnings)); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(Config{Controller: controller, Hash: got.Hash}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func sortedPaths(lines []string) (paths []string) {
	for _, line := range lines {
		path, _, _ := strings.Cut(line, ":")
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

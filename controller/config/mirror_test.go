package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// The bounds of the custom resource definition are those of the mirror, but for values that
// cannot exceed them.
func TestTheMirrorHasTheBoundsOfANodeCronJob(t *testing.T) {
	want := map[string]int{}
	var add func(path string, s fieldSchema)
	add = func(path string, s fieldSchema) {
		if most := max(s.MaxLength, s.MaxItems, s.MaxProperties); most > 0 {
			want[path] = most
		}
		for name, property := range s.Properties {
			if at := strings.TrimPrefix(path+"."+name, "."); at != "template" {
				add(at, property)
			}
		}
		if s.AdditionalProperties != nil {
			add(path+".*", *s.AdditionalProperties)
		}
		if s.Items != nil {
			add(path+"[]", *s.Items)
		}
	}
	add("", nodeCronJobSpec(t))
	longest := len((schema.MaxDuration - 1).String())
	for _, path := range []string{"startingDeadline", "startupDelay", "startDeadline", "jobTimeout", "callback.limits.eventInterval"} {
		if want[path] < longest {
			t.Errorf("%s may have %d characters, but a duration may have %d", path, want[path], longest)
		}
		delete(want, path)
	}
	if want["jobNodeSelector.*"] < schema.LabelValue.Longest {
		t.Errorf("a label may have %d characters, but Kubernetes accepts %d", want["jobNodeSelector.*"], schema.LabelValue.Longest)
	}
	delete(want, "jobNodeSelector.*")
	if diff := cmp.Diff(want, mirrorBounds()); diff != "" {
		t.Errorf("-custom resource definition +mirror:\n%s", diff)
	}
}

func TestCheckMirror(t *testing.T) {
	text := func(n int) string { return strings.Repeat("é", n) }
	entries := func(n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf("n%d", i))
		}
		return names
	}
	labels := func(n int) map[string]string {
		m := map[string]string{}
		for _, name := range entries(n) {
			m[name] = ""
		}
		return m
	}
	gauges := func(n int) map[string]Gauge {
		m := map[string]Gauge{}
		for _, name := range entries(n) {
			m[name] = Gauge{}
		}
		return m
	}
	one := func(g Gauge) Metrics { return Metrics{Gauges: map[string]Gauge{"x": g}} }
	tests := map[string]struct {
		set  func(d *Definition, n int)
		most int
	}{
		"cronExpression":              {func(d *Definition, n int) { d.CronExpression = text(n) }, 256},
		"timeZone":                    {func(d *Definition, n int) { d.TimeZone = text(n) }, 64},
		"jobServiceAccount":           {func(d *Definition, n int) { d.JobServiceAccount = text(n) }, 253},
		"jobNodeSelector":             {func(d *Definition, n int) { d.JobNodeSelector = labels(n) }, 64},
		"jobImagePullSecrets":         {func(d *Definition, n int) { d.JobImagePullSecrets = entries(n) }, 64},
		"metrics.prefix":              {func(d *Definition, n int) { d.Metrics.Prefix = text(n) }, 128},
		"metrics.gauges":              {func(d *Definition, n int) { d.Metrics.Gauges = gauges(n) }, 200},
		"metrics.gauges[x].help":      {func(d *Definition, n int) { d.Metrics = one(Gauge{Help: text(n)}) }, 4096},
		"metrics.gauges[x].labels":    {func(d *Definition, n int) { d.Metrics = one(Gauge{Labels: entries(n)}) }, 10},
		"metrics.gauges[x].labels[0]": {func(d *Definition, n int) { d.Metrics = one(Gauge{Labels: []string{text(n)}}) }, 128},
		"pod-template.yaml":           {func(d *Definition, n int) { d.PodTemplate = text(n) }, 256 << 10},
		"custom":                      {func(d *Definition, n int) { d.Custom = map[string]any{"a": strings.Repeat("x", n-len(`{"a":""}`))} }, 256 << 10},
	}
	for path, tt := range tests {
		t.Run(path, func(t *testing.T) {
			d := minimal().Definition
			tt.set(&d, tt.most)
			if problems := CheckMirror(d); len(problems) > 0 {
				t.Errorf("with %d: %v", tt.most, problems)
			}
			tt.set(&d, tt.most+1)
			says := fmt.Sprintf("has %d", tt.most+1)
			if got := CheckMirror(d).Lines(); len(got) != 1 || !hasLine(got, path, "") || !strings.Contains(got[0], says) || !strings.Contains(got[0], fmt.Sprint(tt.most)) {
				t.Errorf("got %q, want one of %s that says %q", got, path, says)
			}
		})
	}
}

// No configuration of the documentation or the manifests is beyond the bounds.
func TestMirrorsOfAcceptedConfigurations(t *testing.T) {
	for name, d := range acceptedDefinitions(t) {
		if problems := CheckMirror(d); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

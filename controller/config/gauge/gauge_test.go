package gauge_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

func TestGauges(t *testing.T) {
	labeled := func(labels ...any) any { return map[string]any{"labels": labels} }
	tests := map[string]struct {
		name         string
		given        any
		wantProblems []string // their fields
		wantLabels   []string
	}{
		"without labels":                  {name: "free", given: map[string]any{}},
		"with labels":                     {name: "free", given: labeled("disk"), wantLabels: []string{"disk"}},
		"with one that every gauge has":   {name: "free", given: labeled("node", "disk"), wantLabels: []string{"disk"}},
		"with a label twice":              {name: "free", given: labeled("disk", "disk"), wantProblems: []string{"[free].labels[1]"}},
		"with a label of Prometheus":      {name: "free", given: labeled("__name__"), wantProblems: []string{"[free].labels[0]"}},
		"with a label that is none":       {name: "free", given: labeled("the-disk"), wantProblems: []string{"[free].labels[0]"}},
		"with too many labels":            {name: "free", given: labeled("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"), wantProblems: []string{"[free].labels"}},
		"that is absent":                  {name: "free", given: nil, wantProblems: []string{"[free]"}},
		"with a name that is no name":     {name: "free space", given: map[string]any{}, wantProblems: []string{"[free space]"}},
		"with a name of the controller's": {name: gauge.Reserved()[0], given: map[string]any{}, wantProblems: []string{"[" + gauge.Reserved()[0] + "]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := &schema.Findings{}
			var got map[string]gauge.Gauge
			gauge.Gauges(&got).Read(f, field.NewPath("gauges"), map[string]any{tt.name: tt.given})
			var fields []string
			for _, p := range f.Problems {
				fields = append(fields, p.Field[len("gauges"):])
			}
			if !slices.Equal(fields, tt.wantProblems) {
				t.Errorf("got problems of %q, want %q", fields, tt.wantProblems)
			}
			if tt.wantProblems == nil && !slices.Equal(got[tt.name].Labels, tt.wantLabels) {
				t.Errorf("got labels %q, want %q", got[tt.name].Labels, tt.wantLabels)
			}
		})
	}
}

package plan

import (
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestFollows(t *testing.T) {
	canceled := execution.Counts{execution.Succeeded: 1, execution.Canceled: 2}
	cases := map[string]struct {
		of   Followed
		want Follow
	}{
		"a partial one":                       {of: Followed{Partial: true, OfConfigMap: true, HasConfigMap: true}},
		"a partial one without a ConfigMap's": {of: Followed{Partial: true}},
		"a whole one of the ConfigMap's":      {of: Followed{OfConfigMap: true, HasConfigMap: true}, want: Follow{Latest: true, LastExecution: true, PodsGauge: true, Healthy: true}},
		"a whole one beside the ConfigMap's":  {of: Followed{HasConfigMap: true}, want: Follow{LastExecution: true, PodsGauge: true, Healthy: true}},
		"a whole one without a ConfigMap's":   {want: Follow{Latest: true, LastExecution: true, PodsGauge: true, Healthy: true}},
		"one that was canceled":               {of: Followed{Counts: canceled}, want: Follow{Latest: true, LastExecution: true, PodsGauge: true}},
		"one that was canceled, with a bad node": {
			of: Followed{Counts: execution.Counts{execution.Lost: 1, execution.Canceled: 2}}, want: Follow{Latest: true, LastExecution: true, PodsGauge: true, Healthy: true},
		},
		"a partial one that was canceled": {of: Followed{Partial: true, Counts: canceled}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Follows(tc.of); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

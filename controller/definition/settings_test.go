package definition

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestAnExecutionBeginsWithTheLimitsOfTheConfiguration(t *testing.T) {
	d := Definition{Config: config.Config{
		Controller: config.Controller{Callback: config.Callback{Limits: config.Limits{EventsPerSecond: 7}}},
		Definition: config.Definition{
			Intake: config.Intake{
				FilesPerTask: 1, BytesPerTask: 2, ResultsPerTask: 3, EventsPerTask: 4,
				EventBurst: 5, EventInterval: 6, BytesPerExecution: 8,
				SamplesPerResult: 9, LabelSets: 10, LabelSize: 11,
			},
			Metrics: config.Metrics{Gauges: map[string]config.Gauge{"b": {Help: "B."}, "a": {Labels: []string{"l"}}}},
		},
	}}
	want := execution.Intake{
		FilesPerTask: 1, BytesPerTask: 2, ResultsPerTask: 3, EventsPerTask: 4,
		EventBurst: 5, EventInterval: 6, EventsPerSecond: 7, BytesPerExecution: 8,
		SamplesPerResult: 9, LabelSets: 10, LabelSize: 11,
		Gauges: []execution.Gauge{{Name: "a", Labels: []string{"l"}}, {Name: "b", Help: "B."}},
	}
	if diff := cmp.Diff(want, d.IntakeOf(execution.Plan{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	frozen := execution.Intake{FilesPerTask: 1}
	if diff := cmp.Diff(frozen, d.IntakeOf(execution.Plan{Settings: execution.Settings{Intake: &frozen}})); diff != "" {
		t.Errorf("of one that has begun: -want +got:\n%s", diff)
	}
}

package definition

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// An execution keeps the template, and its Jobs are those of the same template as text.
func TestAnExecutionBeginsWithAStructuredTemplate(t *testing.T) {
	preview := Preview{Namespace: "jobs", Node: "worker-1", CallbackHost: "10.0.0.1", Scheduled: time.Unix(0, 0)}
	text := config.Config{Controller: config.Controller{Name: "check"}, Definition: config.Definition{
		PodTemplate: "{kind: Pod, metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b, args: [$(NODE_NAME), '<&>']}]}}",
	}}
	structured := text
	structured.PodTemplate, structured.Template = "", &corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b", Args: []string{"$(NODE_NAME)", "<&>"}}}},
	}
	want, err := PreviewJob(text, preview)
	if err != nil {
		t.Fatal(err)
	}
	got, err := PreviewJob(structured, preview)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -text +structured:\n%s", err, diff)
	}
	d := Definition{Config: structured}
	settings, err := d.settings("10.0.0.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Template.Labels["a"] = "c" // another definition later: the execution keeps its own
	var kept corev1.PodTemplateSpec
	if err := json.Unmarshal(settings.Template, &kept); err != nil || kept.Labels["a"] != "b" || settings.PodTemplate != "" {
		t.Errorf("kept %s, %q, %v", settings.Template, settings.PodTemplate, err)
	}
	if settings, err = (&Definition{Config: text}).settings("10.0.0.1", nil); err != nil || settings.Template != nil {
		t.Errorf("of a text: %s, %v, want none", settings.Template, err)
	}
}

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

package validate

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// careless is a pod with the mistakes that the API server accepts.
const careless = `
spec:
  activeDeadlineSeconds: 7200
  terminationGracePeriodSeconds: 600
  serviceAccountName: mine
  nodeSelector: {disk: ssd}
  initContainers:
    - {name: prepare, image: prepare}
  containers:
    - {name: check, image: "check:latest", args: [curl, $(CALLBACK_SERVICE_RESULT_URL), $(CALLBACK_SERVICE_NOPE)]}
`

// The advice on a template depends on the pod, and not on the form of the template.
func TestTheAdviceIsTheSameOnBothForms(t *testing.T) {
	var template corev1.PodTemplateSpec
	if err := yaml.UnmarshalStrict([]byte(careless), &template); err != nil {
		t.Fatal(err)
	}
	advice := func(d config.Definition) (paths []string, narrowed string) {
		d.JobTimeout, d.JobServiceAccount = time.Hour, "theirs"
		c := checking{Result: Result{Config: config.Config{Definition: d}, Job: &batchv1.Job{}}, places: newPlaces(Input{})}
		c.Job.Spec.Template = template
		c.adviseSchedule()
		c.adviseTemplate()
		for _, f := range c.Findings {
			if !f.Warning {
				t.Errorf("a problem: %v", f)
			}
			path, ok := strings.CutPrefix(f.Path, "spec.template.")
			if strings.HasPrefix(f.Path, "spec.") && ok != (d.Template != nil) {
				t.Errorf("path %s", f.Path)
			}
			paths = append(paths, path+": "+f.Message)
		}
		return paths, c.narrowed
	}
	text, narrowedByText := advice(config.Definition{PodTemplate: "kind: Pod" + careless})
	structured, narrowed := advice(config.Definition{Template: &template})
	if !slices.Equal(text, structured) || narrowed != narrowedByText || narrowed != "nodeSelector disk=ssd" {
		t.Errorf("advice on the text %q, %q\nand on the structure %q, %q", text, narrowedByText, structured, narrowed)
	}
	if len(text) < 7 {
		encoded, err := json.MarshalIndent(text, "", "\t")
		t.Errorf("%d warnings, want more: %s, %v", len(text), encoded, err)
	}
}

package install

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// The overlay's pod template is of a definition that a configuration may not have.
func TestTheSettingsOfTheControllerAlone(t *testing.T) {
	out, said := command(t, "name: another\ncallbackServiceName: batch-job-controller\n", "render", "--overlay", "demo", "-f", "-")
	if !strings.Contains(out, "name: another") || strings.Contains(out, "pod-template.yaml") || strings.Contains(out, "cronExpression: \"") {
		t.Errorf("it has a definition:\n%s", out)
	}
	if !strings.Contains(said, "pod template: none") {
		t.Errorf("got %s", said)
	}
	r, err := render(aTool(), selection{overlay: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	r.config, r.pod = config.Config{}, corev1.PodTemplateSpec{}
	if err := checkPodSecurity(t.Context(), nil, r, "kubectl batchjob"); err != nil {
		t.Errorf("pods that there are not: %v", err)
	}
}

// A running controller reloads most of a configuration; the rest needs a restart.
func TestPodsAreStartedAnewForWhatNeedsIt(t *testing.T) {
	annotation := func(keys string) string {
		out, _ := command(t, "name: another\ncronExpression: \"42 3 * * *\"\ncallbackServiceName: batch-job-controller\nmetrics: {prefix: a}\n"+keys,
			"render", "--overlay", "demo", "-f", "-")
		for line := range strings.Lines(out) {
			if strings.Contains(line, configurationAnnotation) {
				return line
			}
		}
		t.Fatal("there is no annotation")
		return ""
	}
	first := annotation("")
	if again := annotation("podPoolSize: 7\n"); again != first {
		t.Errorf("got %s, and then %s", first, again)
	}
	if other := annotation("callback: {auth: none}\n"); other == first {
		t.Errorf("got %s for both", other)
	}
}

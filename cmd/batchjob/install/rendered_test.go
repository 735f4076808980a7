package install

import (
	"strings"
	"testing"
)

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

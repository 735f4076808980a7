package jobspec

import (
	"fmt"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestLongestGrace(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nspec:\n  terminationGracePeriodSeconds: %s\n  containers: [{name: main, image: check}]\n"
	tests := map[string]struct {
		seconds string
		want    time.Duration
	}{
		"the same for all nodes":                  {"90", 90 * time.Second},
		"another for each node":                   {`{{ if eq .NodeName "b" }}120{{ else }}5{{ end }}`, 2 * time.Minute},
		"a node without one that can be rendered": {`{{ if eq .NodeName "b" }}{{ fail }}{{ else }}5{{ end }}`, 0},
		"one node's cannot be decoded":            {`{{ if eq .NodeName "b" }}many{{ else }}5{{ end }}`, 5 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := execution.Plan{Nodes: []execution.Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
			p.Settings.PodTemplate = fmt.Sprintf(pod, tt.seconds)
			if got := LongestGrace(p, "jobs"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

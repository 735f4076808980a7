package jobspec

import (
	"fmt"
	"strings"
	"testing"
)

func TestPodSpecsOfNodes(t *testing.T) {
	const id = "20260304050000"
	specs := NewPodSpecs(Template{Text: plainTemplate + "  hostname: {{ .NodeName }}\n  nodeSelector: {run: \"{{ .Namespace }}-{{ .ExecutionID }}\"}\n"}, "jobs", id)
	for _, node := range []string{"worker-1", "worker-2", "worker-1"} {
		spec, err := specs.Of(node)
		if err != nil {
			t.Fatal(err)
		}
		if spec.Hostname != node || spec.NodeSelector["run"] != "jobs-"+id {
			t.Errorf("node %s: hostname %q, selector %v", node, spec.Hostname, spec.NodeSelector)
		}
	}
}

func TestPodSpecsThatFailForSomeNodes(t *testing.T) {
	specs := NewPodSpecs(Template{Text: plainTemplate + `{{ if eq .NodeName "bad" }}  nope: {{ .NodeName }}{{ end }}{{ if eq .NodeName "worse" }}{{ index .NodeName 99 }}{{ end }}`}, "jobs", "20260304050000")
	for _, tt := range []struct{ node, want string }{
		{"good", ""}, {"bad", "nope"}, {"bad", "nope"}, {"good", ""}, {"worse", "out of range"}, {"good", ""},
	} {
		spec, err := specs.Of(tt.node)
		switch {
		case tt.want == "" && (err != nil || len(spec.Containers) != 1):
			t.Errorf("node %s: %+v, %v", tt.node, spec, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("node %s: got %v, want an error with %q", tt.node, err, tt.want)
		}
	}
}

// Most templates render to the same text for every node, which is decoded once.
func TestPodSpecsThatAreTheSameAreDecodedOnce(t *testing.T) {
	specs := NewPodSpecs(Template{Text: plainTemplate}, "jobs", "20260304050000")
	first, err := specs.Of("worker-1")
	if err != nil {
		t.Fatal(err)
	}
	if second, err := specs.Of("worker-2"); err != nil || second != first {
		t.Errorf("decoded again: %v", err)
	}
}

func BenchmarkPodSpecsOfLargeCluster(b *testing.B) {
	for name, template := range map[string]string{"same": plainTemplate, "named": plainTemplate + "  hostname: {{ .NodeName }}\n"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				specs := NewPodSpecs(Template{Text: template}, "jobs", "20260304050000")
				for i := range 15000 {
					if _, err := specs.Of(fmt.Sprintf("worker-%d", i)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

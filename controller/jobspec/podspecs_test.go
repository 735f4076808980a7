package jobspec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
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
		case tt.want == "" && (err != nil || spec == nil):
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

// decodedFor returns the slim spec of a node's own text.
func decodedFor(template, node string) (*corev1.PodSpec, error) {
	pod, err := podtext.Pod(template, podtext.Data{Namespace: "jobs", ExecutionID: "20260304050000", NodeName: node})
	if err != nil {
		return nil, err
	}
	return slim(pod.Spec), nil
}

var namingTemplates = map[string]string{
	"not at all":              "",
	"in a container":          "      env: [{name: NODE, value: {{ .NodeName }}}]\n",
	"as the name of the node": "  nodeName: {{ .NodeName }}\n",
	"in the affinity": `  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
    {matchFields: [{key: metadata.name, operator: In, values: [{{ .NodeName }}, "{{ .NodeName }}.{{ .NodeName }}"]}]}]}}}
`,
	"as a key":                               "  nodeSelector: {{ \"{\" }}x.{{ .NodeName }}: '{{ .NodeName }}', pool: {{ .NodeName }}}\n",
	"in a comment":                           "  # of {{ .NodeName }}\n  hostNetwork: true\n",
	"shortened":                              "  hostname: {{ printf \"%.3s\" .NodeName }}\n",
	"by its length":                          "  terminationGracePeriodSeconds: {{ len .NodeName }}\n",
	"in upper case":                          "  hostname: {{ html .NodeName }}\n  subdomain: {{ printf \"%X\" .NodeName }}\n",
	"in a condition":                         "  hostNetwork: {{ if eq .NodeName \"true\" }}true{{ else }}false{{ end }}\n",
	"where a number is wanted":               "  terminationGracePeriodSeconds: {{ .NodeName }}\n",
	"where a boolean is wanted":              "  hostNetwork: {{ .NodeName }}\n",
	"instead of the name of the placeholder": "  hostname: " + placeholder + "\n  subdomain: {{ .NodeName }}\n",
}

func TestPodSpecsAreThoseOfTheirTexts(t *testing.T) {
	for name, template := range namingTemplates {
		t.Run(name, func(t *testing.T) {
			specs := NewPodSpecs(Template{Text: plainTemplate + template}, "jobs", "20260304050000")
			for _, node := range []string{"worker-1", "worker-2", "worker-2", "7", "1e5", "true", "null", "no", "a.b", "2026-03-04", placeholder, "worker-1"} {
				checkSpec(t, specs, plainTemplate+template, node)
			}
		})
	}
}

func checkSpec(t *testing.T, specs *PodSpecs, template, node string) {
	t.Helper()
	got, err := specs.Of(node)
	want, wantErr := decodedFor(template, node)
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("node %s: got error %v, want %v", node, err, wantErr)
	}
	if diff := cmp.Diff(want, got); err == nil && diff != "" {
		t.Errorf("node %s (-want +got):\n%s", node, diff)
	}
}

func FuzzPodSpecs(f *testing.F) {
	for _, template := range namingTemplates {
		f.Add(template, "worker-1", "worker-2")
	}
	f.Fuzz(func(t *testing.T, template, one, two string) {
		if len(validation.IsDNS1123Subdomain(one))+len(validation.IsDNS1123Subdomain(two)) > 0 {
			return
		}
		specs := NewPodSpecs(Template{Text: plainTemplate + template}, "jobs", "20260304050000")
		for _, node := range []string{one, two, one} {
			checkSpec(t, specs, plainTemplate+template, node)
		}
	})
}

// A template may be as long as a ConfigMap, and name the node.
func BenchmarkPodSpecsOfLargeCluster(b *testing.B) {
	named := plainTemplate + "  hostname: {{ .NodeName }}\n"
	for name, template := range map[string]string{
		"same": plainTemplate, "named": named, "named, and long": named + "  # " + strings.Repeat("x", 2000) + "\n" + manyVolumes(100),
	} {
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

func manyVolumes(n int) string {
	var text strings.Builder
	text.WriteString("  volumes:\n")
	for i := range n {
		fmt.Fprintf(&text, "    - name: volume-%d\n      hostPath: {path: /var/%d}\n", i, i)
	}
	return text.String()
}

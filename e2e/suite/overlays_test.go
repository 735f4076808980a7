//go:build e2e

package suite

import (
	"context"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/manifests"
)

// TestOverlays deploys each overlay as in docs/install.md, as the base of an overlay that
// changes only the namespace, and runs the check of the overlay.
func TestOverlays(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		gauge        string // of the check
		replicas     int
		keepsReports bool
		scheme       string // of the callbacks
	}{
		"demo":       {gauge: "demo_load", replicas: 1, scheme: "http"},
		"dev":        {gauge: "node_check_load", replicas: 1, scheme: "http"},
		"staging":    {gauge: "node_check_load", replicas: 1, scheme: "https", keepsReports: true},
		"production": {gauge: "node_check_load", replicas: 2, scheme: "https", keepsReports: true},
	}
	for overlay, tt := range tests {
		t.Run(overlay, func(t *testing.T) {
			t.Parallel()
			ctx := scenarioContext(t)
			if tt.replicas > len(env.nodes) {
				t.Skipf("this cluster has %d nodes, %d are needed", len(env.nodes), tt.replicas)
			}
			volume, namespace := "", namespaceName(overlay)
			if tt.keepsReports {
				volume = sharedVolume(t, ctx, namespace)
			}
			s := begin(t, ctx, deploy.Overlay{
				Parent: overlay, Namespace: namespace, Volume: volume,
				Config:      shipped(t, overlay, "config.yaml") + whileTesting,
				PodTemplate: withJobImage(shipped(t, overlay, "pod-template.yaml")),
			})
			e, err := s.WaitForExecution(ctx, deploy.IsClosed)
			if err != nil {
				t.Fatal(err)
			}
			s.testAllReported(t, ctx, e, tt.gauge, tt.scheme)
			s.testReplicasMayDoWhatTheyDo(t, ctx, tt.replicas)
		})
	}
}

// whileTesting is added to each configuration. Other tests cordon nodes, and after five seconds
// every node forwards to the Service.
const whileTesting = `
runOnStartup: true
startupDelay: 5s
runOnUnscheduledNodes: true
`

// shipped returns a value in an overlay's ConfigMap.
func shipped(t *testing.T, overlay, key string) string {
	t.Helper()
	rendered, err := manifests.Render(manifests.Options{Overlay: overlay})
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range strings.Split(string(rendered), "\n---\n") {
		var configMap corev1.ConfigMap
		if err := yaml.Unmarshal([]byte(document), &configMap); err == nil && configMap.Kind == "ConfigMap" && configMap.Data[key] != "" {
			// The keys that whileTesting sets, too.
			return strings.NewReplacer("runOnStartup: true\n", "", "startupDelay: 5s\n", "").Replace(configMap.Data[key])
		}
	}
	t.Fatalf("overlay %s has no ConfigMap with %s", overlay, key)
	return ""
}

var imageLine = regexp.MustCompile(`(?m)^(\s*image: ).*$`)

// withJobImage replaces the image of a pod template by one that the nodes have.
func withJobImage(template string) string {
	return imageLine.ReplaceAllString(template, "${1}"+env.provider.JobImage())
}

// testAllReported checks the results of an execution of a shipped check.
func (s scenario) testAllReported(t *testing.T, ctx context.Context, e deploy.Execution, gauge, scheme string) {
	t.Helper()
	metrics, err := s.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pods, err := s.JobPods(ctx, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		wantOutcome(t, e, node, execution.Succeeded, "")
		if !s.taskReport(t, ctx, e.ID, node).Reported {
			t.Errorf("node %s has not reported", node)
		}
		if got := metrics.Samples(gauge, labels{"node": node, "executionID": string(e.ID)}); len(got) != 3 {
			t.Errorf("%s has %d values of node %s, want 3", gauge, len(got), node)
		}
		pod := pods[node]
		for _, v := range pod.Spec.Containers[0].Env {
			if v.Name == jobspec.EnvResultURL && !strings.HasPrefix(v.Value, scheme+"://") {
				t.Errorf("node %s reports to %s, want %s", node, v.Value, scheme)
			}
		}
	}
}

// testReplicasMayDoWhatTheyDo checks in the metrics of every replica that the API server
// forbade no request.
func (s scenario) testReplicasMayDoWhatTheyDo(t *testing.T, ctx context.Context, want int) {
	t.Helper()
	pods, err := s.Replicas(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(pods) != want {
		t.Errorf("%d replicas run, want %d", len(pods), want)
	}
	on := map[string]bool{}
	for _, pod := range pods {
		if on[pod.Spec.NodeName] {
			t.Errorf("two replicas are on %s", pod.Spec.NodeName)
		}
		on[pod.Spec.NodeName] = true
		view := s.At(pod.Name)
		metrics, err := view.Metrics(ctx)
		view.Close()
		if err != nil {
			t.Errorf("metrics of pod %s: %v", pod.Name, err)
			continue
		}
		if len(metrics.Samples("rest_client_requests_total", nil)) == 0 {
			t.Errorf("pod %s counts no requests", pod.Name)
		}
		for _, refused := range metrics.Samples("rest_client_requests_total", labels{"code": "403"}) {
			t.Errorf("pod %s: the API server forbade requests: %v", pod.Name, refused)
		}
	}
}

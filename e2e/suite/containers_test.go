//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

const (
	// maxSavedLog is how much the controller saves of a container's log.
	maxSavedLog = 16 << 20
	// loudLines are of 96 to 101 bytes: 17 MiB.
	loudLines = 180_000
)

// ailments has the names of nodes, by the end of their containers.
type ailments struct{ oom, loud, broken string }

// TestContainers runs an execution whose containers end in unusual ways, after an init
// container.
func TestContainers(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	a := ailments{oom: env.nodes[0], loud: env.nodes[1], broken: env.nodes[2]}
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "containers"),
		Config: configuration(t, "containers", object{
			"podPoolSize": 2,
			"savePodLog":  true,
		}),
		PodTemplate: a.template(),
		Service:     "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a container that wants more memory than its limit ends its task with OOMKilled", func(t *testing.T) {
		wantOutcome(t, e, a.oom, execution.Failed, "OOMKilled")
	})
	t.Run("a container that cannot start ends its task with its own reason", func(t *testing.T) {
		wantOutcome(t, e, a.broken, execution.Failed, "StartError", "ContainerCannotRun")
	})
	t.Run("a container that says much ends well", func(t *testing.T) {
		wantOutcome(t, e, a.loud, execution.Succeeded, "")
	})
	t.Run("the logs of init containers are saved, however the pod ended", func(t *testing.T) {
		for _, node := range env.nodes {
			if got, want := s.uploaded(t, ctx, e.ID, node+"-container-prepare.log"), "preparing "+node+"\n"; got != want {
				t.Errorf("node %s: got %q, want %q", node, got, want)
			}
		}
	})
	t.Run("no log is missing", func(t *testing.T) {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		wantValue(t, metrics, "batch_job_controller_pod_logs_total", labels{"nodecronjob": s.Name, "outcome": "failed"}, 0)
	})
	t.Run("a log of many MiB is cut, and says so", func(t *testing.T) { s.testLoudLog(t, ctx, e.ID, a.loud) })
}

// testLoudLog checks that the log has the first 16 MiB, and a line about the truncation.
func (s scenario) testLoudLog(t *testing.T, ctx context.Context, id execution.ID, node string) {
	if limit := keptLog(t, ctx, node); limit <= maxSavedLog {
		t.Skipf("the kubelet of %s keeps only %d bytes of a log: its containerLogMaxSize is too small", node, limit)
	}
	log := s.uploaded(t, ctx, id, node+"-container-job.log")
	marker := fmt.Sprintf("\n[log truncated at %d bytes]\n", maxSavedLog)
	if got, want := len(log), maxSavedLog+len(marker); got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
	if !strings.HasSuffix(log, marker) {
		t.Errorf("it ends with %q", log[max(0, len(log)-100):])
	}
	if first, _, _ := strings.Cut(log, "\n"); first != loudLine(1) {
		t.Errorf("it begins with %q", first)
	}
}

// keptLog returns how much of a log a kubelet keeps.
func keptLog(t *testing.T, ctx context.Context, node string) int64 {
	t.Helper()
	data, err := env.cluster.CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes/" + node + "/proxy/configz").DoRaw(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		KubeletConfig struct{ ContainerLogMaxSize string }
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	size, err := resource.ParseQuantity(answer.KubeletConfig.ContainerLogMaxSize)
	if err != nil {
		t.Fatal(err)
	}
	return size.Value()
}

func loudLine(n int) string { return fmt.Sprintf("line %d %s", n, strings.Repeat("x", 90)) }

// template returns a pod template whose containers end differently on each node.
func (a ailments) template() string {
	script := fmt.Sprintf(`case $NODE_NAME in
%s) exec tail /dev/zero ;;
%s) awk 'BEGIN { while (n++ < %d) print "line " n " %s" }' ;;
esac
`, a.oom, a.loud, loudLines, strings.Repeat("x", 90)) + reportScript
	pod := podTemplate(script)
	command := "command: [ sh, -euc ]"
	pod = strings.Replace(pod, command, fmt.Sprintf(`command: [ '{{ if eq .NodeName %q }}/no/such/program{{ else }}sh{{ end }}', -euc ]
      resources: { limits: { memory: 64Mi } }`, a.broken), 1)
	return strings.Replace(pod, "  containers:\n", `  initContainers:
    - name: prepare
      image: `+env.provider.JobImage()+`
      imagePullPolicy: IfNotPresent
      command: [ sh, -euc, 'echo "preparing $NODE_NAME"' ]
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: { drop: [ ALL ] }
  containers:
`, 1)
}

//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// replicas are a scenario with two replicas, in the middle of an execution.
type replicas struct {
	scenario
	leader, standby corev1.Pod
	execution       execution.ID
	runs            *runsWatch
}

// beginReplicas starts two replicas on two nodes, and returns when a full pool of pods reports to
// them. The pods run chatterScript, and then the script more.
func beginReplicas(t *testing.T, ctx context.Context, name string, pool int, more string) replicas {
	t.Helper()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	namespace := newNamespace(t, name)
	r := replicas{runs: watchRuns(t, ctx, namespace)}
	r.scenario = begin(t, ctx, deploy.Overlay{
		Namespace: namespace,
		Config: configuration(t, name, object{
			"podPoolSize": pool,
			"savePodLog":  true,
			"callback":    object{"limits": object{"eventBurst": chatterRounds}},
		}),
		PodTemplate: podTemplate(chatterScript + more),
		Service:     "callback",
		Components:  []string{"ha"},
		Volume:      sharedVolume(t, ctx, namespace),
	})
	open, err := r.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r.execution = open.ID
	r.waitForChatter(t, ctx, open.ID, pool)
	r.tellApart(t, ctx)
	return r
}

func (r *replicas) tellApart(t *testing.T, ctx context.Context) {
	t.Helper()
	pods, err := r.Replicas(ctx)
	if err != nil {
		t.Fatal(err)
	}
	holder, err := r.Holder(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(pods) != 2 {
		t.Fatalf("%d replicas run, want 2", len(pods))
	}
	r.leader, r.standby = pods[0], pods[1]
	if pods[1].Name == holder {
		r.leader, r.standby = pods[1], pods[0]
	}
	if r.leader.Name != holder {
		t.Fatalf("the leader is %q, want %s or %s", holder, r.leader.Name, r.standby.Name)
	}
	if r.leader.Spec.NodeName == r.standby.Spec.NodeName {
		t.Errorf("both replicas are on %s", r.leader.Spec.NodeName)
	}
}

// testNothingLost checks an execution during which the leader changed.
func (r *replicas) testNothingLost(t *testing.T, ctx context.Context, e deploy.Execution) {
	t.Run("every node succeeded and reported", func(t *testing.T) {
		for _, node := range env.nodes {
			wantOutcome(t, e, node, execution.Succeeded, "")
			if !r.taskReport(t, ctx, e.ID, node).Reported {
				t.Errorf("node %s has not reported", node)
			}
		}
	})
	t.Run("nothing ran twice", func(t *testing.T) {
		for _, node := range env.nodes {
			if got := r.runs.of(node); got != 1 {
				t.Errorf("node %s has had %d pods", node, got)
			}
		}
		all, err := r.Executions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 {
			t.Errorf("got %d executions, want 1", len(all))
		}
	})
	t.Run("every curl was answered 200, without --retry", func(t *testing.T) {
		got := r.chatter(t, ctx, e.ID)
		t.Logf("%d curls: %v; the longest took %s", got.total(), got.byStatus, got.longest)
		if want := len(env.nodes) * chatterRounds * 3; got.total() != want {
			t.Errorf("got %d answers, want %d", got.total(), want)
		}
		if len(got.bad) > 0 {
			t.Errorf("these were not 200, or curl failed:\n%s", strings.Join(got.bad, "\n"))
		}
	})
	t.Run("all that was sent is there", func(t *testing.T) { r.testAllThere(t, ctx, e) })
}

// testAllThere checks every file, every event, and the last result.
func (r *replicas) testAllThere(t *testing.T, ctx context.Context, e deploy.Execution) {
	metrics, err := r.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pods, err := r.JobPods(ctx, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	rounds := r.roundEvents(t, ctx)
	for _, node := range env.nodes {
		at := labels{"node": node, "executionID": string(e.ID)}
		wantValue(t, metrics, "e2e_test", at, chatterRounds)
		wantValue(t, metrics, "e2e_processing", at, 0)
		for round := 1; round <= chatterRounds; round++ {
			file := fmt.Sprintf("%s-round-%d.txt", node, round)
			if got, want := r.uploaded(t, ctx, e.ID, file), fmt.Sprintf("round %d of %s", round, node); got != want {
				t.Errorf("%s: got %q, want %q", file, got, want)
			}
		}
		if got := len(rounds[pods[node].Name]); got != chatterRounds {
			t.Errorf("node %s: got %d different events, want %d", node, got, chatterRounds)
		}
		printed, err := containerLog(ctx, pods[node], "job")
		if err != nil {
			t.Fatal(err)
		}
		if saved := r.uploaded(t, ctx, e.ID, node+"-container-job.log"); saved != printed {
			t.Errorf("node %s: the saved log is\n%s\nand the pod's\n%s", node, saved, printed)
		}
	}
}

// roundEvents returns the messages of the events that pods sent, by pod.
func (r *replicas) roundEvents(t *testing.T, ctx context.Context) map[string]map[string]bool {
	t.Helper()
	events, err := r.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]map[string]bool{}
	for _, event := range events {
		if event.Reason != "Round" {
			continue
		}
		pod := event.InvolvedObject.Name
		if messages[pod] == nil {
			messages[pod] = map[string]bool{}
		}
		messages[pod][event.Message] = true
	}
	return messages
}

// wantOneLeader checks in the metrics of each replica that only one leads.
func (r *replicas) wantOneLeader(t *testing.T, ctx context.Context, leader string) {
	t.Helper()
	pods, err := r.Replicas(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods {
		want := 0.0
		if pod.Name == leader {
			want = 1
		}
		view := r.At(pod.Name)
		metrics, err := view.Metrics(ctx)
		view.Close()
		if err != nil {
			t.Errorf("metrics of pod %s: %v", pod.Name, err)
			continue
		}
		wantValue(t, metrics, "batch_job_controller_leader", nil, want)
	}
}

func deletePod(t *testing.T, ctx context.Context, namespace, name string) {
	t.Helper()
	if err := env.cluster.CoreV1().Pods(namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

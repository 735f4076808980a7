//go:build e2e

package suite

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestHandover deletes the leader's pod in the middle of an execution, as a
// rollout or a drain does.
func TestHandover(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	r := beginReplicas(t, ctx, "handover", len(env.nodes)-1, "") // one node runs after the handover
	began := time.Now()
	deletePod(t, ctx, r.namespace, r.leader.Name)
	successor, err := r.WaitHolder(ctx, r.leader.Name)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	e, err := r.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	// TestTour tests the release of the Lease.
	t.Logf("%s led %s after the delete of %s", successor, took.Round(10*time.Millisecond), r.leader.Name)
	r.testNothingLost(t, ctx, e)
	t.Run("one replica leads, and a new one replaces the old leader", func(t *testing.T) {
		if err := r.WaitReady(ctx); err != nil {
			t.Fatal(err)
		}
		r.wantOneLeader(t, ctx, successor)
	})
}

// TestRollout replaces both replicas, one after the other, in the middle of an
// execution.
func TestRollout(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	r := beginReplicas(t, ctx, "rollout", len(env.nodes)-1, untilLetGo)
	began := time.Now()
	r.restart(t, ctx)
	if err := r.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	successor, err := r.WaitHolder(ctx, r.leader.Name, r.standby.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		r.letGo(t, ctx, r.execution, node)
	}
	e, err := r.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the rollout does not wait for the execution's end", func(t *testing.T) {
		t.Logf("it took %s", took.Round(10*time.Millisecond))
		if report := r.report(t, ctx, e.ID); !report.Closed.After(began.Add(took)) {
			t.Errorf("the execution closed at %s, before the end of the rollout", report.Closed)
		}
	})
	r.testNothingLost(t, ctx, e)
	t.Run("one of the new replicas leads", func(t *testing.T) { r.wantOneLeader(t, ctx, successor) })
}

// restart does what `kubectl rollout restart` does.
func (r *replicas) restart(t *testing.T, ctx context.Context) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": %q}}}}}`,
		time.Now().Format(time.RFC3339))
	_, err := env.cluster.AppsV1().Deployments(r.namespace).Patch(ctx, r.Deployment, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

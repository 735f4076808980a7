//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

const (
	// cutTime is longer than a Lease is valid, and shorter than the time after
	// which the cluster evicts pods from a silent node.
	cutTime = 28 * time.Second
	// reconnectTimeout is how long a kubelet may take to notice that its
	// connection is dead, and to open another one.
	reconnectTimeout = 2 * time.Minute
)

// TestLeaderCutOff disconnects the leader's node in the middle of an execution, for longer than
// a Lease is valid. It is not parallel, because all tests share the nodes.
func TestLeaderCutOff(t *testing.T) {
	ctx := scenarioContext(t)
	cutter := needCutter(t)
	r := beginReplicas(t, ctx, "leader-cut-off", len(env.nodes), "")
	cut := time.Now()
	cutOff(t, ctx, cutter, r.leader.Spec.NodeName)
	takingOver, cancel := context.WithDeadline(ctx, cut.Add(cutTime))
	successor, err := r.WaitHolder(takingOver, r.leader.Name)
	cancel()
	took := time.Since(cut)
	if err != nil {
		t.Error(err)
	}
	pause(t, ctx, time.Until(cut.Add(cutTime)))
	if err := cutter.Reconnect(ctx, r.leader.Spec.NodeName); err != nil {
		t.Fatal(err)
	}
	e, err := r.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the other replica leads meanwhile", func(t *testing.T) {
		t.Logf("it led %s after the cut", took.Round(10*time.Millisecond))
		if successor != r.standby.Name {
			t.Errorf("%q leads, want %s", successor, r.standby.Name)
		}
	})
	t.Run("the replica that was cut off learns that another one leads", func(t *testing.T) { r.waitTold(t, ctx) })
	r.testNothingLost(t, ctx, e)
	t.Run("the replica that was cut off stands by, in the same process", func(t *testing.T) {
		r.wantOneLeader(t, ctx, r.standby.Name)
		old, err := env.cluster.CoreV1().Pods(r.namespace).Get(ctx, r.leader.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if status := old.Status.ContainerStatuses[0]; status.RestartCount != 0 || !status.Ready {
			t.Errorf("it restarted %d times, ready: %t", status.RestartCount, status.Ready)
		}
	})
	t.Run("the replica that was cut off serves the reports", func(t *testing.T) {
		view := r.At(r.leader.Name)
		defer view.Close()
		if _, err := view.Report(ctx, e.ID, fmt.Sprintf("%s-round-%d.txt", env.nodes[0], chatterRounds)); err != nil {
			t.Error(err)
		}
	})
}

// waitTold waits until the disconnected replica has observed that another one leads.
func (r *replicas) waitTold(t *testing.T, ctx context.Context) {
	t.Helper()
	eventually(t, ctx, func() error {
		log, err := containerLog(ctx, r.leader, r.leader.Spec.Containers[0].Name)
		if err != nil {
			return err
		}
		for text := range strings.Lines(log) {
			var line struct{ Msg string }
			if err := json.Unmarshal([]byte(text), &line); err == nil && line.Msg == "another replica leads" {
				return nil
			}
		}
		return fmt.Errorf("it never did:\n%s", log)
	})
}

func needCutter(t *testing.T) provider.Cutter {
	t.Helper()
	cutter, ok := env.provider.(provider.Cutter)
	if !ok {
		t.Skipf("provider %s cannot disconnect nodes", env.provider.Name())
	}
	return cutter
}

// cutOff disconnects a node until Reconnect, or the end of the test.
func cutOff(t *testing.T, ctx context.Context, cutter provider.Cutter, node string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), reconnectTimeout)
		defer cancel()
		if err := cutter.Reconnect(ctx, node); err != nil {
			t.Errorf("reconnect %s: %v", node, err)
		}
		// Until the kubelet has reconnected, the cluster may still evict the pods of the
		// node: the next tests need all nodes.
		waitHeartbeat(t, ctx, node, time.Now())
	})
	if err := cutter.CutOff(ctx, node); err != nil {
		t.Fatal(err)
	}
}

// pause waits for a duration.
func pause(t *testing.T, ctx context.Context, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	}
}

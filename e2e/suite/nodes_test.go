//go:build e2e

package suite

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

const (
	nodesJobTimeout = 30 * time.Second
	// silence lasts beyond jobTimeout for a pod that runs already, and is shorter
	// than the time after which the cluster evicts pods from a silent node.
	silence = 30 * time.Second
)

// TestNodes cordons, taints or disconnects each node while its pod runs. It is not parallel,
// because all tests share the nodes.
func TestNodes(t *testing.T) {
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	cutter := needCutter(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace:   newNamespace(t, "nodes"),
		Config:      configuration(t, "nodes", object{"jobTimeout": nodesJobTimeout.String()}),
		PodTemplate: podTemplate(reportScript + untilLetGo + "sleep 5"), // so that the pod ends during the silence
		Service:     "callback",
	})
	cordoned, others := s.apart(t, ctx)
	tainted, silent := others[0], others[1]
	open, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		s.waitRunning(t, ctx, open.ID, node)
	}
	cordon(t, ctx, cordoned)
	s.letGo(t, ctx, open.ID, cordoned)
	drive(t, ctx, tainted)
	s.letGo(t, ctx, open.ID, silent)
	cutOff(t, ctx, cutter, silent)
	pause(t, ctx, silence)
	if err := cutter.Reconnect(ctx, silent); err != nil {
		t.Fatal(err)
	}
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a pod goes on when its node is cordoned", func(t *testing.T) {
		wantOutcome(t, e, cordoned, execution.Succeeded, "")
	})
	t.Run("a pod that a taint drives off its node ends its task with that reason", func(t *testing.T) {
		wantOutcome(t, e, tainted, execution.Failed, "DeletionByTaintManager")
	})
	t.Run("a pod that ended while its node was silent, even past jobTimeout, counts as it ended", func(t *testing.T) {
		wantOutcome(t, e, silent, execution.Succeeded, "")
	})
	t.Run("what a pod had handed in before stays", func(t *testing.T) {
		for _, node := range env.nodes {
			if !s.taskReport(t, ctx, e.ID, node).Reported {
				t.Errorf("node %s has not reported", node)
			}
		}
	})
}

// apart returns the node of the controller, and the others.
func (s scenario) apart(t *testing.T, ctx context.Context) (own string, others []string) {
	t.Helper()
	pod, err := s.Pod(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		if node != pod.Spec.NodeName {
			others = append(others, node)
		}
	}
	return pod.Spec.NodeName, others
}

// drive evicts the pods of a node with a taint, until the end of the test.
func drive(t *testing.T, ctx context.Context, node string) {
	t.Helper()
	taint := corev1.Taint{Key: "e2e/leave", Effect: corev1.TaintEffectNoExecute}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		err := changeTaints(ctx, node, func(taints []corev1.Taint) []corev1.Taint {
			return slices.DeleteFunc(taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) })
		})
		if err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	err := changeTaints(ctx, node, func(taints []corev1.Taint) []corev1.Taint { return append(taints, taint) })
	if err != nil {
		t.Fatal(err)
	}
}

func changeTaints(ctx context.Context, name string, change func([]corev1.Taint) []corev1.Taint) error {
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		node, err := env.cluster.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		node.Spec.Taints = change(node.Spec.Taints)
		_, err = env.cluster.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("change taints of node %s: %w", name, err)
	}
	return nil
}

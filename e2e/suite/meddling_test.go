//go:build e2e

package suite

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// meddlingTimeout ends pods that the test has not ended.
const meddlingTimeout = 5 * time.Minute

// TestMeddling ends the pods of one node after the other, each in a different way. The pool has
// one slot: the end of each pod frees it for the next.
func TestMeddling(t *testing.T) {
	t.Parallel()
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "meddling"),
		Config: configuration(t, "meddling", object{
			"podPoolSize": 1,
			"jobTimeout":  meddlingTimeout.String(),
			"savePodLog":  true,
		}),
		PodTemplate: podTemplate(reportScript + "sleep 1000"),
		Service:     "callback",
	})
	open, err := s.WaitForExecution(ctx)
	if err != nil {
		t.Fatal(err)
	}
	evicted, deleted, jobless := env.nodes[0], env.nodes[1], env.nodes[2]
	evict(t, ctx, s.waitRunning(t, ctx, open.ID, evicted))
	deletePod(t, ctx, s.namespace, s.waitRunning(t, ctx, open.ID, deleted).Name)
	s.waitRunning(t, ctx, open.ID, jobless)
	deleteJob(t, ctx, s.namespace, s.jobOf(t, ctx, open.ID, jobless).Name)
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a pod that is evicted ends its task with the reason of the eviction", func(t *testing.T) {
		wantOutcome(t, e, evicted, execution.Failed, "EvictionByEvictionAPI")
	})
	t.Run("a pod that is deleted ends its task", func(t *testing.T) {
		wantOutcome(t, e, deleted, execution.Failed, execution.PodDeleted)
	})
	t.Run("a Job that is deleted ends its task, and is not made again", func(t *testing.T) {
		wantOutcome(t, e, jobless, execution.Lost, execution.JobDeleted)
	})
	t.Run("each slot is free long before jobTimeout", func(t *testing.T) {
		for _, node := range env.nodes {
			report := s.taskReport(t, ctx, e.ID, node)
			t.Logf("node %s: %s: %s", node, report.Finished.Sub(report.Started), report.Message)
			if took := report.Finished.Sub(report.Started); took > meddlingTimeout/2 {
				t.Errorf("node %s held its slot for %s", node, took)
			}
		}
	})
	t.Run("what a pod had handed in before stays", func(t *testing.T) {
		for _, node := range env.nodes {
			if !s.taskReport(t, ctx, e.ID, node).Reported {
				t.Errorf("node %s has not reported", node)
			}
		}
	})
}

// waitRunning waits until a node's pod has sent its result, and returns the pod.
func (s scenario) waitRunning(t *testing.T, ctx context.Context, id execution.ID, node string) corev1.Pod {
	t.Helper()
	var pod corev1.Pod
	eventually(t, ctx, func() error {
		pods, err := s.JobPods(ctx, id)
		if err != nil {
			return err
		}
		pod = pods[node]
		if pod.Status.Phase != corev1.PodRunning {
			return fmt.Errorf("the pod of node %s is %q", node, pod.Status.Phase)
		}
		_, err = s.Report(ctx, id, node+".json")
		return err
	})
	return pod
}

func evict(t *testing.T, ctx context.Context, pod corev1.Pod) {
	t.Helper()
	err := env.cluster.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func deleteJob(t *testing.T, ctx context.Context, namespace, name string) {
	t.Helper()
	background := metav1.DeletePropagationBackground
	err := env.cluster.BatchV1().Jobs(namespace).Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if err != nil {
		t.Fatal(err)
	}
}

//go:build e2e

package suite

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// heartbeat is the interval at which a ghost renews its status. The cluster waits for 40
// seconds.
const heartbeat = 10 * time.Second

// A ghost is a node without a machine: the test sets its status, and its pods never start. Its
// taint keeps other pods away.
func newGhost(t *testing.T, ctx context.Context, name string, ready bool) {
	t.Helper()
	_, err := env.cluster.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/os": "none", "kubernetes.io/hostname": name}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "e2e/ghost", Effect: corev1.TaintEffectNoSchedule}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err := deleteNode(ctx, name); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("clean up: %v", err)
		}
	})
	if err := speak(ctx, name, ready); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range time.Tick(heartbeat) {
			if speak(ctx, name, ready) != nil {
				return // it was deleted, or the test has ended
			}
		}
	}()
	eventually(t, ctx, func() error { return isTaken(ctx, name, ready) })
}

// speak sets the status that a kubelet sets.
func speak(ctx context.Context, name string, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		node, err := env.cluster.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		now := metav1.Now()
		node.Status.Conditions = []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: status, Reason: "Ghost", LastHeartbeatTime: now, LastTransitionTime: now,
		}}
		node.Status.Capacity = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("1Gi"), corev1.ResourcePods: resource.MustParse("10"),
		}
		node.Status.Allocatable = node.Status.Capacity
		_, err = env.cluster.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
		return err
	})
}

// isTaken returns nil when the cluster has accepted the status of the ghost.
func isTaken(ctx context.Context, name string, ready bool) error {
	node, err := env.cluster.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, taint := range node.Spec.Taints {
		if ready && taint.Key == corev1.TaintNodeNotReady {
			return errors.New("node " + name + " still counts as not ready")
		}
	}
	return nil
}

func deleteNode(ctx context.Context, name string) error {
	err := env.cluster.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil {
		return fmt.Errorf("delete node %s: %w", name, err)
	}
	return nil
}

//go:build e2e

package suite

import (
	"context"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// runsWatch records every job pod of a namespace, including deleted ones.
type runsWatch struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // pods by node
}

func watchRuns(t *testing.T, ctx context.Context, namespace string) *runsWatch {
	t.Helper()
	pods, err := env.cluster.CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{LabelSelector: jobspec.ExecutionLabel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pods.Stop)
	w := &runsWatch{seen: map[string]map[string]bool{}}
	go func() {
		for event := range pods.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				w.note(pod.Annotations[jobspec.NodeAnnotation], pod.Name)
			}
		}
	}()
	return w
}

func (w *runsWatch) note(node, pod string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[node] == nil {
		w.seen[node] = map[string]bool{}
	}
	w.seen[node][pod] = true
}

// of returns how many pods a node has had.
func (w *runsWatch) of(node string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen[node])
}

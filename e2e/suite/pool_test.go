//go:build e2e

package suite

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// poolWatch counts the job pods of a namespace in flight: created and not ended. Watch events
// are in the order of the writes, so that it misses none.
type poolWatch struct {
	watch watch.Interface
	most  chan int
}

func watchPool(t *testing.T, ctx context.Context, namespace string) *poolWatch {
	t.Helper()
	pods, err := env.cluster.CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{LabelSelector: jobspec.ExecutionLabel})
	if err != nil {
		t.Fatal(err)
	}
	p := &poolWatch{watch: pods, most: make(chan int, 1)}
	go func() {
		inFlight, most := map[string]bool{}, 0
		for event := range pods.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if !ok {
				continue
			}
			ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
			if ended || event.Type == watch.Deleted {
				delete(inFlight, pod.Name)
			} else {
				inFlight[pod.Name] = true
			}
			most = max(most, len(inFlight))
		}
		p.most <- most
	}()
	return p
}

// stop returns the largest number of pods in flight at one time.
func (p *poolWatch) stop() int {
	p.watch.Stop()
	return <-p.most
}

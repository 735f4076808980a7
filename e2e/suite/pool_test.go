//go:build e2e

package suite

import (
	"context"
	"slices"
	"strings"
	"sync"
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
	ended chan struct{}

	mu       sync.Mutex // guards what follows
	inFlight map[string]*corev1.Pod
	most     int
	created  []string // the NodeCronJob of each pod, in the order in which they were created
}

func watchPool(t *testing.T, ctx context.Context, namespace string) *poolWatch {
	t.Helper()
	pods, err := env.cluster.CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{LabelSelector: jobspec.ExecutionLabel})
	if err != nil {
		t.Fatal(err)
	}
	p := &poolWatch{watch: pods, ended: make(chan struct{}), inFlight: map[string]*corev1.Pod{}}
	go func() {
		defer close(p.ended)
		for event := range pods.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				p.see(event.Type, pod)
			}
		}
	}()
	return p
}

func (p *poolWatch) see(event watch.EventType, pod *corev1.Pod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if event == watch.Added {
		p.created = append(p.created, pod.Labels[jobspec.NodeCronJobLabel])
	}
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	if ended || event == watch.Deleted {
		delete(p.inFlight, pod.Name)
	} else {
		p.inFlight[pod.Name] = pod
	}
	p.most = max(p.most, len(p.inFlight))
}

// running returns the pods that run, by name.
func (p *poolWatch) running() []*corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pods []*corev1.Pod
	for _, pod := range p.inFlight {
		if pod.Status.Phase == corev1.PodRunning {
			pods = append(pods, pod)
		}
	}
	return slices.SortedFunc(slices.Values(pods), func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
}

// stop returns the largest number of pods in flight at one time.
func (p *poolWatch) stop() int {
	p.watch.Stop()
	<-p.ended
	return p.most
}

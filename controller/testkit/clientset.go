package testkit

import (
	goruntime "runtime"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// mostBehind is how many events a watch may lag behind before writes wait for it.
const mostBehind = 50

// Clientset is client-go's fake, with writes that wait for the caches that watch. A watch of
// the fake holds 100 events and panics on the next one: on a slow machine, or on one core,
// more events are written before a cache runs. The fake has no managed fields, which
// would take most of the time of each write.
type Clientset struct {
	*fake.Clientset
	mu      sync.Mutex
	watches []*watch.RaceFreeFakeWatcher
}

// NewClientset returns an empty cluster.
func NewClientset() *Clientset {
	c := &Clientset{Clientset: fake.NewSimpleClientset()}
	c.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		c.awaitWatches()
		return false, nil, nil
	})
	c.PrependWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		var options metav1.ListOptions
		if watching, ok := action.(clienttesting.WatchActionImpl); ok {
			options = watching.ListOptions
		}
		w, err := c.Follow(action.GetResource(), action.GetNamespace(), options)
		return true, w, err
	})
	return c
}

// Follow watches a resource, for a test with its own reaction to a watch. Without options
// it shows changes from now on, with options also those since the list that they name.
func (c *Clientset) Follow(resource schema.GroupVersionResource, namespace string, options ...metav1.ListOptions) (watch.Interface, error) {
	w, err := c.Tracker().Watch(resource, namespace, options...)
	if paced, ok := w.(*watch.RaceFreeFakeWatcher); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.watches = append(c.watches, paced)
	}
	return w, err
}

func (c *Clientset) awaitWatches() {
	c.mu.Lock()
	watches := c.watches
	c.mu.Unlock()
	for _, w := range watches {
		for !w.IsStopped() && len(w.ResultChan()) > mostBehind {
			goruntime.Gosched()
		}
	}
}

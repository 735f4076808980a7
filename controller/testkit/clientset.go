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

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	v1alpha1fake "github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
)

// mostBehind is how many events a watch may lag behind before writes wait for it.
const mostBehind = 50

// Clientset is client-go's fake, with writes that wait for the caches that watch. A watch of
// the fake holds 100 events and panics on the next one: on a slow machine, or on one core,
// more events are written before a cache runs. The fake has no managed fields, which
// would take most of the time of each write. The custom resources are in a fake of their
// own, with reactions, actions, versions and UIDs of its own.
type Clientset struct {
	*fake.Clientset
	Resources *v1alpha1fake.Client
	mu        sync.Mutex
	watches   []*watch.RaceFreeFakeWatcher
}

// NewClientset returns an empty cluster.
func NewClientset() *Clientset {
	c := &Clientset{Clientset: fake.NewSimpleClientset(), Resources: newResources()}
	c.pace(&c.Fake, c.Tracker())
	c.pace(c.Resources.Fake, c.Resources.Tracker())
	return c
}

// V1alpha1 implements kube.Client.
func (c *Clientset) V1alpha1() v1alpha1client.Interface { return c.Resources }

// pace makes the writes of a fake wait for all watches.
func (c *Clientset) pace(f *clienttesting.Fake, tracker clienttesting.ObjectTracker) {
	f.PrependReactor("*", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
		c.AwaitWatches()
		return false, nil, nil
	})
	f.PrependWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		var options metav1.ListOptions
		if watching, ok := action.(clienttesting.WatchActionImpl); ok {
			options = watching.ListOptions
		}
		w, err := c.follow(tracker, action.GetResource(), action.GetNamespace(), options)
		return true, w, err
	})
}

// Follow watches a resource, for a test with its own reaction to a watch. Without options
// it shows changes from now on, with options also those since the list that they name.
func (c *Clientset) Follow(resource schema.GroupVersionResource, namespace string, options ...metav1.ListOptions) (watch.Interface, error) {
	return c.follow(c.Tracker(), resource, namespace, options...)
}

func (c *Clientset) follow(tracker clienttesting.ObjectTracker, resource schema.GroupVersionResource, namespace string, options ...metav1.ListOptions) (watch.Interface, error) {
	w, err := tracker.Watch(resource, namespace, options...)
	if paced, ok := w.(*watch.RaceFreeFakeWatcher); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.watches = append(c.watches, paced)
	}
	return w, err
}

// AwaitWatches waits until no watch is far behind. A reaction that writes many objects has to
// call it before each.
func (c *Clientset) AwaitWatches() {
	c.mu.Lock()
	watches := c.watches
	c.mu.Unlock()
	for _, w := range watches {
		for !w.IsStopped() && len(w.ResultChan()) > mostBehind {
			goruntime.Gosched()
		}
	}
}

package controller

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// lens is how watches show the cluster: late, again, in another order, or not
// at all. The zero lens shows all of it.
type lens struct {
	hide    func(watch.Event) bool
	late    time.Duration
	twice   bool
	shuffle bool           // events of the same second come in any order
	lasts   time.Duration  // of one watch; 0: for ever
	ends    *metav1.Status // the error a watch ends with; nil: it is closed
}

// through makes the watches of a resource use a lens.
func (c *cluster) through(resource string, l lens) {
	c.react("list", resource, func(action clienttesting.Action) (bool, runtimeObject, error) {
		list, err := c.listVersioned(action.GetResource(), action.GetNamespace())
		return true, list, err
	})
	c.client.PrependWatchReactor(resource, func(action clienttesting.Action) (bool, watch.Interface, error) {
		from, err := c.client.Follow(action.GetResource(), action.GetNamespace())
		if err != nil {
			return true, nil, err
		}
		// A real watch goes on where the one before it ended, the fake one
		// begins with the next change.
		list, err := c.listVersioned(action.GetResource(), action.GetNamespace())
		if err != nil {
			return true, nil, err
		}
		there, err := meta.ExtractList(list)
		if err != nil {
			return true, nil, err
		}
		passed := make(chan watch.Event)
		w := &lensWatch{lens: l, from: from, passed: passed, ProxyWatcher: watch.NewProxyWatcher(passed)}
		for _, object := range there {
			w.put(watch.Event{Type: watch.Modified, Object: object})
		}
		go w.run()
		return true, w, nil
	})
}

// listVersioned gives objects the resource versions that the fake lacks: an informer ignores
// an update with the version that it has.
func (c *cluster) listVersioned(resource schema.GroupVersionResource, namespace string) (runtimeObject, error) {
	kinds := map[string]schema.GroupVersionKind{
		"nodes": corev1.SchemeGroupVersion.WithKind("Node"),
		"pods":  corev1.SchemeGroupVersion.WithKind("Pod"),
		"jobs":  batchv1.SchemeGroupVersion.WithKind("Job"),
	}
	list, err := c.client.Tracker().List(resource, kinds[resource.Resource], namespace)
	if err != nil {
		return nil, err
	}
	return list, meta.EachListItem(list, func(object runtimeObject) error {
		accessor, err := meta.Accessor(object)
		if err != nil {
			return err
		}
		text, err := json.Marshal(object)
		sum := sha256.Sum256(text)
		accessor.SetResourceVersion(hex.EncodeToString(sum[:4]))
		return err
	})
}

// lensWatch reads events at once, because the fake panics if they stay unread, and passes
// them on when they are due.
type lensWatch struct {
	lens
	*watch.ProxyWatcher
	from    watch.Interface
	passed  chan<- watch.Event
	pending []pendingEvent
}

type pendingEvent struct {
	watch.Event
	due time.Time
}

func (w *lensWatch) put(e watch.Event) {
	if w.hide != nil && w.hide(e) {
		return
	}
	n := 1
	if w.twice {
		n = 2
	}
	for range n {
		due := time.Now().Add(w.late)
		if w.shuffle {
			due = due.Add(rand.N(time.Second))
		}
		at, _ := slices.BinarySearchFunc(w.pending, due, func(p pendingEvent, due time.Time) int {
			if p.due.After(due) {
				return 1
			}
			return -1
		})
		w.pending = slices.Insert(w.pending, at, pendingEvent{e, due})
	}
}

func (w *lensWatch) run() {
	defer close(w.passed)
	defer w.from.Stop()
	var end <-chan time.Time
	if w.lasts > 0 {
		end = time.After(w.lasts)
	}
	for {
		var next watch.Event
		var pass chan<- watch.Event
		var due <-chan time.Time
		if len(w.pending) > 0 {
			if wait := time.Until(w.pending[0].due); wait > 0 {
				due = time.After(wait)
			} else {
				next, pass = w.pending[0].Event, w.passed
			}
		}
		select {
		case <-w.StopChan():
			return
		case <-end:
			if w.ends != nil {
				select {
				case w.passed <- watch.Event{Type: watch.Error, Object: w.ends}:
				case <-w.StopChan():
				}
			}
			return
		case e, ok := <-w.from.ResultChan():
			if !ok {
				return
			}
			w.put(e)
		case <-due:
		case pass <- next:
			w.pending = w.pending[1:]
		}
	}
}

// wantAllSucceeded fails a test whose one execution is not closed, with every
// node succeeded and run once, and the pool kept.
func (c *cluster) wantAllSucceeded(pool int) {
	c.t.Helper()
	all := c.records()
	if len(all) != 1 || all[0].Account.Phase != execution.Closed {
		c.t.Fatalf("records: got %d, want one that is closed", len(all))
	}
	for node, outcome := range outcomes(all[0]) {
		if outcome != succeeded {
			c.t.Errorf("node %s: got %v, want succeeded", node, outcome)
		}
	}
	for _, node := range all[0].Plan.Nodes {
		if n := c.created()[node.Name]; n != 1 {
			c.t.Errorf("Jobs of node %s: got %d, want 1", node.Name, n)
		}
	}
	if c.podsAtOnce() > pool {
		c.t.Errorf("pods at once: got %d, want at most %d", c.podsAtOnce(), pool)
	}
}

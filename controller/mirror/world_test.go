package mirror

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// world is a cluster with a ConfigMap, in a bubble of time.
type world struct {
	*testing.T
	client *testkit.Clientset
}

// inWorld runs a test in a world.
func inWorld(t *testing.T, f func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t, testkit.NewClientset()}
		_, err := w.client.CoreV1().ConfigMaps(namespace).Create(t.Context(),
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: namespace, UID: "of settings"}}, metav1.CreateOptions{})
		testkit.Must(t, err)
		f(w)
	})
}

// replica is a replica of the controller.
type replica struct {
	*Mirror
	world *world
	open  atomic.Bool // whether an execution is open
	fails atomic.Bool // whether the Lease is lost

	lock     sync.Mutex
	events   []string
	mirrored []bool
}

// replica starts a replica that does not lead.
func (w *world) replica(cfg config.Config) *replica {
	w.Helper()
	cache, err := kube.NewNodeCronJobs(w.client, namespace, "replica", clock.RealClock{}, nil)
	testkit.Must(w, err)
	r := &replica{world: w}
	r.Mirror, err = New(Options{
		Client: w.client, Cache: cache, Executions: r, Announcer: r, Metrics: r, Namespace: namespace, ConfigMap: "settings",
		Initial: cfg, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler),
	})
	testkit.Must(w, err)
	go cache.Run(w.Context())
	synctest.Wait()
	return r
}

// lead makes a replica the leader until the returned function is called.
func (r *replica) lead() (stop func()) {
	ctx, cancel := context.WithCancel(r.world.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx, r.fence) }()
	synctest.Wait()
	return func() { cancel(); <-ended; synctest.Wait() }
}

func (r *replica) fence(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if r.fails.Load() {
		return nil, nil, fmt.Errorf("the Lease is lost")
	}
	write, done := context.WithCancel(ctx)
	return write, done, ctx.Err()
}

// IsOpen implements Executions.
func (r *replica) IsOpen(nodeCronJob string) bool { return nodeCronJob == "check" && r.open.Load() }

// Announce implements Announcer.
func (r *replica) Announce(_ context.Context, about corev1.ObjectReference, warning bool, reason, message string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.events = append(r.events, fmt.Sprintf("%s %s %t %s: %s", about.Kind, about.Name, about.UID != "" && warning, reason, message))
}

// ConfigMirrored implements Metrics.
func (r *replica) ConfigMirrored(mirrored bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.mirrored = append(r.mirrored, mirrored)
}

// isMirrored returns what the metric says.
func (r *replica) isMirrored() bool {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.mirrored[len(r.mirrored)-1]
}

// told returns the events since the last time.
func (r *replica) told() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	defer func() { r.events = nil }()
	return r.events
}

// wantsEvents compares the beginnings of the events since the last time.
func (r *replica) wantsEvents(want ...string) {
	r.world.Helper()
	got := r.told()
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		r.world.Errorf("events:\ngot  %q\nwant %q", got, want)
	}
}

// get returns the NodeCronJob, or nil.
func (w *world) get() *v1alpha1.NodeCronJob {
	w.Helper()
	list, err := w.client.V1alpha1().NodeCronJobs(namespace).List(w.Context(), metav1.ListOptions{})
	testkit.Must(w, err)
	if len(list.Items) == 0 {
		return nil
	}
	return &list.Items[0]
}

// wants waits, and then compares the NodeCronJob's podPoolSize and suspend; an empty text is
// for none.
func (w *world) wants(after time.Duration, want string) {
	w.Helper()
	time.Sleep(after)
	synctest.Wait()
	got := ""
	if n := w.get(); n != nil {
		got = fmt.Sprint(n.Spec.PodPoolSize)
		if n.Spec.Suspend {
			got += " suspended"
		}
	}
	if got != want {
		w.Errorf("the NodeCronJob after %s: got %q, want %q", after, got, want)
	}
}

// edit changes the NodeCronJob as a person does.
func (w *world) edit(change func(*v1alpha1.NodeCronJob)) {
	w.Helper()
	n := w.get()
	if n == nil {
		w.Fatal("there is no NodeCronJob")
	}
	change(n)
	_, err := w.client.V1alpha1().NodeCronJobs(namespace).Update(w.Context(), n, metav1.UpdateOptions{})
	testkit.Must(w, err)
	synctest.Wait()
}

func (w *world) delete() {
	w.Helper()
	testkit.Must(w, w.client.V1alpha1().NodeCronJobs(namespace).Delete(w.Context(), "check", metav1.DeleteOptions{}))
	synctest.Wait()
}

// reads counts the requests for the NodeCronJob, which only a mirror sends.
func (w *world) reads() (n int) {
	for _, a := range w.client.Resources.Actions() {
		if a.GetVerb() == "get" {
			n++
		}
	}
	return n
}

// writes counts the requests that changed, or tried to change, NodeCronJobs, and forgets them.
func (w *world) writes() (n int) {
	for _, a := range w.client.Resources.Actions() {
		if verb := a.GetVerb(); verb != "get" && verb != "list" && verb != "watch" {
			n++
		}
	}
	w.client.Resources.ClearActions()
	return n
}

// pool returns a configuration with a pool of some size.
func pool(t *testing.T, size int) config.Config {
	t.Helper()
	cfg := configOf(t, fmt.Sprintf("podPoolSize: %d\n", size))
	cfg.Hash = fmt.Sprint(size)
	return cfg
}

package definitions

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const (
	namespace   = "jobs"
	podTemplate = "kind: Pod\nspec:\n  containers:\n    - name: check\n      image: check:1\n"
)

// world is a cluster with NodeCronJobs, in a bubble of time.
type world struct {
	*testing.T
	client *testkit.Clientset
}

// inWorld runs a test in a world.
func inWorld(t *testing.T, f func(*world)) {
	synctest.Test(t, func(t *testing.T) { f(&world{t, testkit.NewClientset()}) })
}

func specOf(prefix string, gauges ...string) v1alpha1.NodeCronJobSpec {
	s := v1alpha1.NodeCronJobSpec{CronExpression: "0 3 * * *", Metrics: v1alpha1.Metrics{Prefix: prefix}, PodTemplate: podTemplate}
	for _, name := range gauges {
		if s.Metrics.Gauges == nil {
			s.Metrics.Gauges = map[string]v1alpha1.Gauge{}
		}
		s.Metrics.Gauges[name] = v1alpha1.Gauge{Help: name}
	}
	return s
}

// create creates a NodeCronJob a second after the one before, with an owner unless that is
// empty.
func (w *world) create(name, owner string, spec v1alpha1.NodeCronJobSpec) {
	w.Helper()
	time.Sleep(time.Second)
	n := &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Spec: spec}
	if owner != "" {
		n.Labels = map[string]string{jobspec.OwnerLabel: owner}
	}
	_, err := w.client.V1alpha1().NodeCronJobs(namespace).Create(w.Context(), n, metav1.CreateOptions{})
	testkit.Must(w, err)
	synctest.Wait()
}

func (w *world) get(name string) *v1alpha1.NodeCronJob {
	w.Helper()
	n, err := w.client.V1alpha1().NodeCronJobs(namespace).Get(w.Context(), name, metav1.GetOptions{})
	testkit.Must(w, err)
	return n
}

// change changes a NodeCronJob as a person does.
func (w *world) change(name string, change func(*v1alpha1.NodeCronJob)) {
	w.Helper()
	n := w.get(name)
	change(n)
	_, err := w.client.V1alpha1().NodeCronJobs(namespace).Update(w.Context(), n, metav1.UpdateOptions{})
	testkit.Must(w, err)
	synctest.Wait()
}

func (w *world) delete(name string) {
	w.Helper()
	testkit.Must(w, w.client.V1alpha1().NodeCronJobs(namespace).Delete(w.Context(), name, metav1.DeleteOptions{}))
	synctest.Wait()
}

// settled waits until statuses are written.
func (w *world) settled() {
	time.Sleep(5 * time.Second)
	synctest.Wait()
}

// condition returns a condition of a NodeCronJob as text: status reason: message.
func (w *world) condition(name, kind string) string {
	w.Helper()
	c := meta.FindStatusCondition(w.get(name).Status.Conditions, kind)
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
}

// wants reports a difference between texts.
func (w *world) wants(what, got, want string) {
	w.Helper()
	if got != want {
		w.Errorf("%s: got  %s\nwant %s", what, got, want)
	}
}

// replica is a replica of a controller.
type replica struct {
	*Definitions
	world *world
	announced
	measured
	mu      sync.Mutex
	applied []string
	listed  []string // which appeared or went
	jobs    func(*definition.Definition) error
}

// replica starts a replica. Its Jobs are valid, unless jobs says otherwise.
func (w *world) replica(controller string) *replica {
	w.Helper()
	cache, err := kube.NewNodeCronJobs(w.client, namespace, "replica", clock.RealClock{}, nil)
	testkit.Must(w, err)
	r := &replica{world: w, measured: measured{accepted: map[string]bool{}}}
	r.Definitions, err = New(Options{
		Client: w.client, Cache: cache, Namespace: namespace, Controller: controller, Checker: r, Applied: r.noteApplied,
		Changed:   func(name string) { r.listed = append(r.listed, name) },
		Announcer: &r.announced, Metrics: &r.measured, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler),
	})
	testkit.Must(w, err)
	go cache.Run(w.Context())
	go r.Run(w.Context())
	synctest.Wait()
	return r
}

// lead makes a replica the leader until the returned function is called.
func (r *replica) lead() (stop func()) {
	ctx, cancel := context.WithCancel(r.world.Context())
	ended := make(chan struct{})
	lead := r.StartTerm(freely)
	go func() { defer close(ended); lead(ctx) }()
	synctest.Wait()
	return func() { cancel(); <-ended; synctest.Wait() }
}

// freely is a fence that lets writes pass.
func freely(ctx context.Context) (context.Context, context.CancelFunc, error) {
	write, done := context.WithCancel(ctx)
	return write, done, ctx.Err()
}

// CheckJob implements Checker.
func (r *replica) CheckJob(_ context.Context, d *definition.Definition) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs == nil {
		return nil
	}
	return r.jobs(d)
}

// rejects makes the API server reject Jobs, or accept them again.
func (r *replica) rejects(jobs func(*definition.Definition) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs = jobs
}

func (r *replica) noteApplied(name string, now *definition.Definition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := name + " ends"
	if now != nil {
		text = fmt.Sprintf("%s %s/%d", name, now.Metrics.Prefix, now.Object.Generation)
		if now.Suspend {
			text += " suspended"
		}
	}
	r.applied = append(r.applied, text)
}

// wantsApplied compares what was applied since the last time.
func (r *replica) wantsApplied(want ...string) {
	r.world.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.applied, want) {
		r.world.Errorf("applied: got %q, want %q", r.applied, want)
	}
	r.applied = nil
}

// prefix returns the prefix of the definition that is in effect, or nothing.
func (r *replica) prefix(name string) string {
	if source := r.Get(name); source != nil && source.Current() != nil {
		return source.Current().Metrics.Prefix
	}
	return ""
}

// announced is an Announcer that keeps its events.
type announced struct {
	lock   sync.Mutex
	events []string
}

func (a *announced) Announce(_ context.Context, about corev1.ObjectReference, warning bool, reason, message string) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.events = append(a.events, fmt.Sprintf("%s %s %t %s: %s", about.Kind, about.Name, warning, reason, message))
}

// told returns the events since the last time, as lines.
func (a *announced) told() string {
	a.lock.Lock()
	defer a.lock.Unlock()
	defer func() { a.events = nil }()
	return strings.Join(a.events, "\n")
}

// measured is Metrics that keep their values.
type measured struct {
	lock     sync.Mutex
	accepted map[string]bool
}

func (m *measured) DefinitionAccepted(name string, accepted bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.accepted[name] = accepted
}

func (m *measured) ForgetDefinition(name string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.accepted, name)
}

// shown returns the values as text.
func (m *measured) shown() string {
	m.lock.Lock()
	defer m.lock.Unlock()
	return fmt.Sprint(m.accepted)
}

// store stores a NodeCronJob as it is.
func (w *world) store(n *v1alpha1.NodeCronJob) {
	w.Helper()
	testkit.Must(w, w.client.Resources.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.NodeCronJobResource), n, namespace))
	synctest.Wait()
}

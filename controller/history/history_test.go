package history_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

const (
	name      = "check"
	namespace = "jobs"
)

// world is what a History works on. Its parts add what is done to them to steps, in
// order. A test calls it while the History waits.
type world struct {
	t       *testing.T
	client  *testkit.Clientset
	records record.Store

	mu    sync.Mutex // guards these two: a test that lets time pass does not synchronize with the History
	steps []string
	// fails has errors of steps, by step. A step that fails is not in steps.
	fails map[string]error

	reports []execution.ID // in the report directory
	opens   func()         // opens executions just before the directory is read; nil: none
	jobs    []*batchv1.Job // in the cache
	open    execution.ID
	events  []string
	damaged int            // records, by the metric
	errors  []string       // of the store, by the metric
	losses  *intake.Losses // of any execution
	asked   []execution.ID // whose losses were asked for

	keepReports, keepJobs int
	partial               map[execution.ID]bool // of the reports, as the directory says
	retention             map[execution.ID]execution.Retention
	sweeps                bool // steps has what is deleted of closed executions in one request
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, client: testkit.NewClientset(), fails: map[string]error{}, keepReports: 30, keepJobs: 30}
	w.records = record.NewStore(w.client.V1alpha1().Executions(namespace), w.client.CoreV1().ConfigMaps(namespace), name)
	w.client.Resources.PrependReactor("list", "executions", func(clienttesting.Action) (bool, runtime.Object, error) {
		err := w.failing("list records")
		return err != nil, nil, err
	})
	w.client.PrependReactor("get", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
		err := w.failing("read plan")
		return err != nil, nil, err
	})
	deletion := func(action clienttesting.Action) (bool, runtime.Object, error) {
		step := "delete " + action.GetResource().Resource
		if one, ok := action.(clienttesting.DeleteAction); ok {
			step += " " + one.GetName()
		}
		err := w.step(step)
		return err != nil, nil, err
	}
	w.client.Resources.PrependReactor("delete", "*", deletion)
	w.client.PrependReactor("delete", "*", deletion)
	w.client.PrependReactor("delete-collection", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if !w.sweeps {
			return true, nil, nil
		}
		_, _, err := deletion(action)
		return true, nil, err
	})
	return w
}

// fail has a step fail, until mend.
func (w *world) fail(step string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails[step] = err
}

func (w *world) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.fails)
}

func (w *world) failing(step string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fails[step]
}

func (w *world) step(step string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.fails[step]; err != nil {
		return err
	}
	w.steps = append(w.steps, step)
	return nil
}

// Executions, Drop, JobsOf, Announce and the metrics are the interfaces of package history.

func (w *world) Executions() ([]execution.ID, error) {
	if open := w.opens; open != nil {
		w.opens = nil
		open()
	}
	return slices.Clone(w.reports), w.failing("list reports")
}

// About knows of the partial executions, and of the limits that applied.
func (w *world) About(id execution.ID) (execution.About, error) {
	if err := w.failing("about " + string(id)); err != nil {
		return execution.About{}, err
	}
	return execution.About{NodeCronJob: name, Partial: w.partial[id], Retention: w.retention[id]}, nil
}

func (w *world) Drop(id execution.ID) error {
	if err := w.step("drop report " + string(id)); err != nil {
		return err
	}
	w.reports = slices.DeleteFunc(w.reports, func(other execution.ID) bool { return other == id })
	return nil
}

type results struct{ *world }

func (r results) Drop(id execution.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, "drop results "+string(id))
}

func (r results) Losses(closed record.Record) *intake.Losses {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, closed.Plan.ID)
	return r.losses
}

func (w *world) JobsOf(executions map[execution.ID]bool) (jobs []*batchv1.Job) {
	for _, job := range w.jobs {
		if key, ok := jobspec.KeyOf(job); ok && executions[key.Execution] {
			jobs = append(jobs, job)
		}
	}
	return jobs
}

func (w *world) Announce(_ context.Context, about corev1.ObjectReference, warning bool, reason, message string) {
	w.events = append(w.events, fmt.Sprintf("%t %s %s: %s", warning, reason, about.Name, message))
}

func (w *world) StoreError(operation string) { w.errors = append(w.errors, operation) }

func (w *world) SetDamagedRecords(n int) { w.damaged = n }

// history returns a History that has found no execution.
func (w *world) history() *history.History {
	return history.New(history.Options{
		Controller: name, NodeCronJob: name, Namespace: namespace, Client: w.client, Jobs: w, Records: w.records, Directory: w, Results: results{w},
		Tokens:    tokens.Options{Controller: name, Namespace: namespace, Client: w.client, Keyring: &auth.Keyring{}, Log: slog.New(slog.DiscardHandler)},
		Limits:    func() execution.Retention { return execution.Retention{Reports: w.keepReports, Jobs: w.keepJobs} },
		IsOpen:    func(id execution.ID) bool { return id == w.open },
		Announcer: w, Metrics: w, Clock: clock.RealClock{}, Steady: timing.NewSteady(clock.RealClock{}), Log: slog.New(slog.DiscardHandler),
	})
}

// start runs a History that has found the records and reports, and waits until it has
// pruned once.
func (w *world) start() *history.History {
	h := w.history()
	all, err := w.records.ListOf(w.t.Context(), name)
	testkit.Must(w.t, err)
	for _, head := range all.Opened() {
		h.Add(head.ID)
	}
	for _, id := range w.reports {
		h.Add(id)
	}
	w.run(h)
	return h
}

// run runs the History, and waits until it has pruned once.
func (w *world) run(h *history.History) {
	h.BeginTerm()
	fence := func(ctx context.Context) (context.Context, context.CancelFunc, error) {
		return ctx, func() {}, w.failing("fence")
	}
	go h.Run(w.t.Context(), fence)
	w.prune(h)
}

// prune has the History prune, and waits until it has.
func (w *world) prune(h *history.History) {
	h.RequestPrune()
	synctest.Wait()
}

// stored returns the executions that have a record.
func (w *world) stored() (ids []execution.ID) {
	list, err := w.client.V1alpha1().Executions(namespace).List(w.t.Context(), metav1.ListOptions{})
	testkit.Must(w.t, err)
	for _, object := range list.Items {
		ids = append(ids, execution.ID(object.Status.ExecutionID))
	}
	return ids
}

// execute creates the record, the report and the Jobs of an execution that began a number
// of minutes ago and has the phase. A closed one closed after a second.
func (w *world) execute(minutesAgo int, phase execution.Phase, nodes ...string) record.Record {
	p := testkit.Plan("")
	p.Scheduled = time.Now().UTC().Add(-time.Duration(minutesAgo) * time.Minute)
	p.ID, p.NodeCronJob = execution.NewID(p.Scheduled), name
	account := execution.Account{Phase: phase}
	if phase == execution.Closed {
		account.ClosedAt = p.Scheduled.Add(time.Second)
	}
	e, err := w.records.Create(w.t.Context(), record.NodeCronJob{Name: p.NodeCronJob}, execution.Firing{Trigger: p.Trigger, Scheduled: p.Scheduled})
	testkit.Must(w.t, err)
	r, err := w.records.Open(w.t.Context(), e, p, record.Next{Account: account, At: p.Scheduled})
	testkit.Must(w.t, err)
	w.reports = append(w.reports, p.ID)
	for _, node := range nodes {
		key := execution.Key{Execution: p.ID, Node: node}
		w.jobs = append(w.jobs, w.createJob(key, r.Owner()))
	}
	return r
}

func (w *world) createJob(key execution.Key, owner jobspec.Owner) *batchv1.Job {
	labels := jobspec.CommonLabels(name, jobspec.JobComponent)
	labels[jobspec.ExecutionLabel] = string(key.Execution)
	job, err := w.client.BatchV1().Jobs(namespace).Create(w.t.Context(), &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Name: jobspec.JobName(name, key), Namespace: namespace, UID: types.UID("uid of " + key.Node), Labels: labels,
		Annotations:     map[string]string{jobspec.NodeAnnotation: key.Node},
		OwnerReferences: []metav1.OwnerReference{jobspec.OwnerReference(owner)},
	}}, metav1.CreateOptions{})
	testkit.Must(w.t, err)
	return job
}

// edit changes a record, as a tool may that writes what the API server stores.
func (w *world) edit(r record.Record, change func(*v1alpha1.Execution)) {
	object, err := w.client.V1alpha1().Executions(namespace).Get(w.t.Context(), r.Object.Name, metav1.GetOptions{})
	testkit.Must(w.t, err)
	change(object)
	resource := v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource)
	testkit.Must(w.t, w.client.Resources.Tracker().Update(resource, object, namespace))
}

func (w *world) want(steps ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.steps, steps) {
		w.t.Errorf("steps:\n got %q\nwant %q", w.steps, steps)
	}
	w.steps = nil
}

// dropped returns the steps of dropping an execution.
func dropped(r record.Record) []string {
	id := string(r.Plan.ID)
	return []string{"delete executions " + r.Object.Name, "drop report " + id, "drop results " + id}
}

func TestWhichExecutionsThereWere(t *testing.T) {
	at := func(minute int) execution.ID {
		return execution.NewID(time.Date(2026, 11, 24, 3, minute, 0, 0, time.UTC))
	}
	h := history.New(history.Options{})
	if h.Known(at(10)) {
		t.Error("a new History has executions")
	}
	h.Resume(history.Found{Known: map[execution.ID]bool{at(10): true}})
	h.Add(at(20))
	for minute, want := range map[int]bool{10: true, 15: false, 20: true} {
		if got := h.Known(at(minute)); got != want {
			t.Errorf("known, of 03:%d: got %t, want %t", minute, got, want)
		}
	}
	h.Forget()
	if h.Known(at(10)) || h.Known(at(20)) {
		t.Error("a History that was told to forget has executions")
	}
}

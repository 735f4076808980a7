package run

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	v1alpha1fake "github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// rereading is an execution whose record another client may change.
type rereading struct {
	*Execution
	server *v1alpha1fake.Client
}

func newRereading(t *testing.T) rereading {
	t.Helper()
	server, err := v1alpha1fake.New()
	testkit.Must(t, err)
	store := record.NewStore(server.Executions("jobs"), fake.NewClientset().CoreV1().ConfigMaps("jobs"), "check")
	p := testkit.Plan("kind: Pod")
	p.NodeCronJob = "check"
	object, err := store.Create(t.Context(), record.NodeCronJob{Name: p.NodeCronJob}, execution.Firing{Trigger: p.Trigger, Scheduled: p.Scheduled})
	testkit.Must(t, err)
	r, err := store.Open(t.Context(), object, p, record.Next{Account: execution.Account{Phase: execution.Open}, At: p.Scheduled})
	testkit.Must(t, err)
	e := &Execution{
		Deps: Deps{Records: store, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)}, id: p.ID, record: r,
		ledger: execution.NewLedger(p, r.Account), tasks: newWorkqueue("tasks", clock.RealClock{}), logs: newWorkqueue("logs", clock.RealClock{}),
	}
	t.Cleanup(e.Discard)
	return rereading{e, server}
}

// edit changes the Execution, as the API server stores it.
func (r rereading) edit(t *testing.T, change func(*v1alpha1.Execution)) {
	t.Helper()
	object := r.Record().Object.DeepCopy()
	change(object)
	testkit.Must(t, r.server.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource), object, "jobs"))
}

// came is how a reread ended.
type came string

const (
	goesOn    came = "goes on"
	has       came = "has what was wanted"
	overtaken came = "overtaken"
	aborted   came = "aborted"
	damaged   came = "damaged"
	failed    came = "an error"
)

func (r rereading) reread(ctx context.Context, wanted execution.Phase) (came, error) {
	var ending Ending
	done, err := r.Execution.reread(ctx, wanted, &ending)
	switch {
	case err != nil:
		return failed, err
	case ending.Overtaken != nil:
		return overtaken, nil
	case ending.Aborted:
		return aborted, nil
	case ending.Damaged != nil:
		return damaged, nil
	case done:
		return has, nil
	default:
		return goesOn, nil
	}
}

func TestReread(t *testing.T) {
	closed := func(e *v1alpha1.Execution) {
		e.Status.Phase, e.Status.CloseTime = v1alpha1.Closed, &metav1.Time{Time: time.Unix(0, 0)}
	}
	deleted := func(e *v1alpha1.Execution) { e.DeletionTimestamp = &metav1.Time{Time: time.Unix(0, 0)} }
	tests := map[string]struct {
		change func(*v1alpha1.Execution)
		wanted execution.Phase // to be written
		want   came
		steers plan.Steering
	}{
		"nothing has changed":              {change: func(*v1alpha1.Execution) {}, want: goesOn},
		"a label":                          {change: func(e *v1alpha1.Execution) { e.Labels["a"] = "b" }, want: goesOn},
		"an annotation":                    {change: func(e *v1alpha1.Execution) { e.Annotations = map[string]string{"a": "b"} }, want: goesOn},
		"another owner":                    {change: func(e *v1alpha1.Execution) { e.OwnerReferences = []metav1.OwnerReference{{UID: "x"}} }, want: goesOn},
		"a finalizer, while it closes":     {change: func(e *v1alpha1.Execution) { e.Finalizers = []string{"a/b"} }, wanted: execution.Closed, want: goesOn},
		"it was paused":                    {change: func(e *v1alpha1.Execution) { e.Spec.Paused = true; e.Generation++ }, want: goesOn, steers: plan.Steering{Paused: true}},
		"it was canceled":                  {change: func(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelStop; e.Generation++ }, want: goesOn, steers: plan.Steering{Cancel: plan.CancelStop}},
		"the account":                      {change: func(e *v1alpha1.Execution) { e.Status.Account.Admitted = "0" }, want: overtaken},
		"the account, and it was paused":   {change: func(e *v1alpha1.Execution) { e.Spec.Paused = true; e.Status.Account.Admitted = "0" }, want: overtaken},
		"the generation that was seen":     {change: func(e *v1alpha1.Execution) { e.Status.ObservedGeneration++ }, want: overtaken},
		"the share":                        {change: func(e *v1alpha1.Execution) { e.Status.PodShare = new(int32) }, want: overtaken},
		"another leader closes it":         {change: func(e *v1alpha1.Execution) { e.Status.Phase = v1alpha1.Closing }, want: overtaken},
		"another leader has closed it":     {change: closed, want: aborted},
		"it closed it, as this one wants":  {change: closed, wanted: execution.Closed, want: has},
		"it closed it, and it was deleted": {change: func(e *v1alpha1.Execution) { closed(e); deleted(e) }, wanted: execution.Closed, want: has},
		"it is being deleted":              {change: deleted, want: aborted},
		"another one has its name":         {change: func(e *v1alpha1.Execution) { e.UID = "another" }, want: aborted},
		"its account is unreadable":        {change: func(e *v1alpha1.Execution) { e.Status.Account.Admitted = "x" }, want: failed},
		"a later version wrote it":         {change: func(e *v1alpha1.Execution) { e.Status.Account.Schema = 99 }, want: failed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newRereading(t)
			before := e.Record()
			e.edit(t, tt.change)
			got, err := e.reread(t.Context(), tt.wanted)
			if got != tt.want {
				t.Fatalf("got %s, %v, want %s", got, err, tt.want)
			}
			if got := e.steering(); got != tt.steers {
				t.Errorf("steering: got %+v, want %+v", got, tt.steers)
			}
			taken := e.Record().Object.ResourceVersion != before.Object.ResourceVersion
			if want := tt.want == goesOn || tt.want == has; taken != want {
				t.Errorf("the object of the next write is the new one: %t, want %t", taken, want)
			}
		})
	}
}

func TestRereadOfADeletedExecution(t *testing.T) {
	e := newRereading(t)
	testkit.Must(t, e.server.Executions("jobs").Delete(t.Context(), e.Record().Object.Name, metav1.DeleteOptions{}))
	if got, err := e.reread(t.Context(), execution.Open); got != aborted {
		t.Errorf("got %s, %v, want %s", got, err, aborted)
	}
}

// The run ends if the record stays damaged, and goes on if a person has corrected it.
func TestRereadOfADamagedExecution(t *testing.T) {
	e := newRereading(t)
	damage := func(e *v1alpha1.Execution) { e.Status.Account.Admitted = "x" }
	read := func(want came, times int) {
		t.Helper()
		for range times {
			if got, err := e.reread(t.Context(), execution.Open); got != want || (want == failed && !errors.Is(err, errUnreadable)) {
				t.Fatalf("got %s, %v, want %s", got, err, want)
			}
		}
	}
	e.edit(t, damage)
	read(failed, damagedTries-1)
	e.edit(t, func(*v1alpha1.Execution) {})
	read(goesOn, 1)
	e.edit(t, damage)
	read(failed, damagedTries-1)
	read(damaged, 1)
}

func TestRereadThatFails(t *testing.T) {
	e := newRereading(t)
	away := apierrors.NewServiceUnavailable("away")
	e.server.PrependReactor("get", v1alpha1.ExecutionResource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, away })
	if got, err := e.reread(t.Context(), execution.Open); got != failed || !errors.Is(err, away) {
		t.Errorf("got %s, %v, want %v", got, err, away)
	}
}

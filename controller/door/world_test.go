package door

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const name = "check"

// world is what a door knows of its surroundings. Nothing in it may be written.
type world struct {
	t       *testing.T
	entries []plan.Entry
	records map[string]record.Record // that this replica runs, by UID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, records: map[string]record.Record{}}
}

// door returns a door of a definition with a policy. It has ticks at every full hour.
func (w *world) door(policy plan.Policy) *Door {
	w.t.Helper()
	source := definition.NewSource(name, clock.RealClock{})
	d, err := definition.Compile(definition.Object{Name: name}, config.Config{
		HasDefinition: true, Controller: config.Controller{Name: name},
		Definition: config.Definition{CronExpression: "0 * * * *", TimeZone: "UTC", ConcurrencyPolicy: policy},
	}, nil, time.Now())
	testkit.Must(w.t, err)
	source.Set(d)
	return New(Options{
		NodeCronJob: w, Name: name, Running: w,
		Opener: definition.OpenerOptions{Source: source, State: w, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)},
	})
}

func (w *world) Cached() Presence                          { return Present }
func (w *world) Find(context.Context) (Presence, error)    { return Present, nil }
func (w *world) State() plan.State                         { return plan.State{Entries: w.entries} }
func (w *world) TakeOver(record.Record, bool)              { w.t.Error("an execution is taken over") }
func (w *world) ReadAgain(string)                          { w.t.Error("an Execution is read again") }
func (w *world) RecordOf(uid string) (record.Record, bool) { r, ok := w.records[uid]; return r, ok }

func (w *world) Change(context.Context, lease.Fence, state.Change) (chain uint64, err error) {
	w.t.Error("the state is changed")
	return 0, errors.New("not in this test")
}

// object is an Execution that a person created, a number of minutes ago.
func object(uid string, minutesAgo int, mutate ...func(*v1alpha1.Execution)) *v1alpha1.Execution {
	e := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{
			Name: name + "-" + uid, UID: types.UID(uid), CreationTimestamp: metav1.NewTime(time.Now().Add(-time.Duration(minutesAgo) * time.Minute)),
		},
		Spec: v1alpha1.ExecutionSpec{NodeCronJobName: name, Trigger: v1alpha1.ManualTrigger},
	}
	for _, f := range mutate {
		f(e)
	}
	return e
}

func canceled(by v1alpha1.CancelMode) func(*v1alpha1.Execution) {
	return func(e *v1alpha1.Execution) { e.Spec.Cancel = by }
}

func queued(e *v1alpha1.Execution) { e.Status.Phase = v1alpha1.Queued }

func deleted(e *v1alpha1.Execution) {
	now := metav1.Now()
	e.DeletionTimestamp = &now
}

// ofTick makes an Execution that of the last full hour.
func ofTick(e *v1alpha1.Execution) {
	at := metav1.NewTime(time.Now().Truncate(time.Hour))
	e.Spec.Trigger, e.Spec.ScheduledTime = v1alpha1.CronTrigger, &at
}

// runs notes that an execution is open, and that this replica runs it.
func (w *world) runs(d *Door, e *v1alpha1.Execution, phase execution.Phase) {
	p := testkit.Plan("apiVersion: v1\nkind: Pod\nspec:\n  terminationGracePeriodSeconds: 45\n  containers: [{name: main, image: check}]\n")
	r := record.Record{Plan: p, Account: execution.Account{Phase: phase}, Object: e}
	w.records[string(e.UID)] = r
	d.hold(hold{Entry: record.EntryOf(e, p.ID), is: runs})
}

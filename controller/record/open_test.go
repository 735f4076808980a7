package record

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// interrupted is an API server at which something happens before a request, of which some
// fail.
type interrupted struct {
	v1alpha1client.ExecutionInterface
	before func() error // a write of a status
}

func (i interrupted) UpdateStatus(ctx context.Context, e *v1alpha1.Execution, o metav1.UpdateOptions) (*v1alpha1.Execution, error) {
	if err := i.before(); err != nil {
		return nil, err
	}
	return i.ExecutionInterface.UpdateStatus(ctx, e, o)
}

// withOther returns the plan of a leader that has seen other nodes.
func withOther(p execution.Plan) execution.Plan {
	p.Nodes = slices.Clone(p.Nodes[:2])
	return p
}

// person creates an Execution as a person does.
func person(t *testing.T, s Store, e v1alpha1.Execution) *v1alpha1.Execution {
	t.Helper()
	created, err := s.executions.Create(t.Context(), &e, metav1.CreateOptions{})
	testkit.Must(t, err)
	return created
}

func TestTheExecutionOfAFiringIsCreatedOnce(t *testing.T) {
	at := testPlan().Scheduled
	named := func(name string, mutate func(*v1alpha1.Execution)) v1alpha1.Execution {
		e := v1alpha1.Execution{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "check", Trigger: v1alpha1.CronTrigger, ScheduledTime: &metav1.Time{Time: at}},
		}
		mutate(&e)
		return e
	}
	first := "check-" + string(execution.NewID(at))
	tests := map[string]struct {
		before  func(t *testing.T, s Store)
		want    string // its name
		wantErr error
	}{
		"the first time": {func(*testing.T, Store) {}, first, nil},
		"it exists": {func(t *testing.T, s Store) {
			must(t)(s.Create(t.Context(), NodeCronJob{Name: "check"}, firingOf(testPlan())))
		}, first, nil},
		"it exists, and was opened": {func(t *testing.T, s Store) { create(t, s, testPlan()) }, first, nil},
		"it exists, and was rejected": {func(t *testing.T, s Store) {
			e := must(t)(s.Create(t.Context(), NodeCronJob{Name: "check"}, firingOf(testPlan())))
			testkit.Must(t, s.Reject(t.Context(), e, at, v1alpha1.ReasonTickHandled, "too early"))
		}, first + "-1", nil},
		"a person created it": {func(t *testing.T, s Store) { person(t, s, named(first, func(*v1alpha1.Execution) {})) }, first, nil},
		"its name is of another one": {func(t *testing.T, s Store) {
			person(t, s, named(first, func(e *v1alpha1.Execution) { e.Spec.Trigger = v1alpha1.StartupTrigger }))
		}, first + "-1", nil},
		"its name is of another tick": {func(t *testing.T, s Store) {
			person(t, s, named(first, func(e *v1alpha1.Execution) { e.Spec.ScheduledTime.Time = at.Add(time.Second) }))
		}, first + "-1", nil},
		"its name is of a person's": {func(t *testing.T, s Store) {
			person(t, s, named(first, func(e *v1alpha1.Execution) { e.Spec.Trigger, e.Spec.ScheduledTime = "", nil }))
		}, first + "-1", nil},
		"its name is of another's": {func(t *testing.T, s Store) {
			person(t, s, named(first, func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "audit" }))
		}, first + "-1", nil},
		"another controller has taken": {func(t *testing.T, s Store) {
			person(t, s, named(first, func(e *v1alpha1.Execution) { e.Labels = map[string]string{jobspec.OwnerLabel: "other"} }))
		}, first + "-1", nil},
		"all of its names are taken": {func(t *testing.T, s Store) {
			for _, suffix := range []string{"", "-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"} {
				person(t, s, named(first+suffix, func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "audit" }))
			}
		}, "", ErrNameTaken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStore(t).Store
			tt.before(t, s)
			e, err := s.Create(t.Context(), NodeCronJob{Name: "check"}, firingOf(testPlan()))
			if !errors.Is(err, tt.wantErr) || (err == nil && e.Name != tt.want) {
				t.Fatalf("got %+v, %v, want %s", e, err, tt.want)
			}
			if err == nil && FiringOf(e) != firingOf(testPlan()) {
				t.Errorf("its firing: got %+v", FiringOf(e))
			}
		})
	}
}

// stale is an API server whose list still has an Execution that was deleted since.
type stale struct {
	v1alpha1client.ExecutionInterface
	deleted *v1alpha1.Execution
}

func (s stale) List(context.Context, metav1.ListOptions) (*v1alpha1.ExecutionList, error) {
	return &v1alpha1.ExecutionList{Items: []v1alpha1.Execution{*s.deleted}}, nil
}

// must returns a function that fails the test on an error.
func must(t *testing.T) func(*v1alpha1.Execution, error) *v1alpha1.Execution {
	return func(e *v1alpha1.Execution, err error) *v1alpha1.Execution {
		t.Helper()
		testkit.Must(t, err)
		return e
	}
}

func TestAnExecutionIsOpenedWhateverWasWrittenBefore(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		before  func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) // of an earlier try, or another leader
		wantErr error
	}{
		"nothing was": {before: func(*testing.T, Store, *v1alpha1.Execution, execution.Plan) {}},
		"its plan was": {before: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) {
			s.executions = interrupted{s.executions, func() error { return broken }}
			if _, err := s.Open(t.Context(), e, p, opened(p)); !errors.Is(err, broken) {
				t.Errorf("got %v, want that it could not be opened", err)
			}
		}},
		"another plan was": {before: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) {
			s.executions = interrupted{s.executions, func() error { return broken }}
			if _, err := s.Open(t.Context(), e, withOther(p), opened(p)); !errors.Is(err, broken) {
				t.Errorf("got %v, want that it could not be opened", err)
			}
		}},
		"a part of its plan was, by a person": {before: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) {
			p.Execution = execution.Object{Name: e.Name, UID: string(e.UID)}
			parts, err := pack(p)
			testkit.Must(t, err)
			_, err = s.parts.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: parts[0].Name}}, metav1.CreateOptions{})
			testkit.Must(t, err)
		}, wantErr: ErrNameTaken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, p := newStore(t).Store, testPlan()
			e := must(t)(s.Create(t.Context(), NodeCronJob{Name: "check"}, firingOf(p)))
			tt.before(t, s, e, p)
			r, err := s.Open(t.Context(), e, p, opened(p))
			if !errors.Is(err, tt.wantErr) || (err == nil && len(r.Plan.Nodes) != 3) {
				t.Fatalf("got %+v, %v", r.Plan.Nodes, err)
			}
		})
	}
}

// Two leaders have written their plans, and the other one is the first to open, to reject, or
// to write that it waits.
func TestOfTwoLeadersOneOpens(t *testing.T) {
	tests := map[string]struct {
		other     func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) error
		wantPhase v1alpha1.ExecutionPhase
		wantParts int
	}{
		"the other one opens it": {other: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) error {
			_, err := s.Open(t.Context(), e, withOther(p), opened(p))
			return err
		}, wantPhase: v1alpha1.Open, wantParts: 2},
		"the other one opens it with the same plan": {other: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) error {
			_, err := s.Open(t.Context(), e, p, opened(p))
			return err
		}, wantPhase: v1alpha1.Open, wantParts: 1},
		"the other one rejects it": {other: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) error {
			return s.Reject(t.Context(), e, p.Scheduled, v1alpha1.ReasonStartingDeadlineExceeded, "too late")
		}, wantPhase: v1alpha1.Rejected, wantParts: 1},
		"the other one lets it wait": {other: func(t *testing.T, s Store, e *v1alpha1.Execution, p execution.Plan) error {
			_, err := s.Queue(t.Context(), e, p.Scheduled, "another one is open")
			return err
		}, wantPhase: v1alpha1.Queued, wantParts: 1},
		"the other one changes it without effect": {other: func(t *testing.T, s Store, e *v1alpha1.Execution, _ execution.Plan) error {
			return s.Touch(t.Context(), e)
		}, wantParts: 1},
		"the other one labels it": {other: func(t *testing.T, s Store, e *v1alpha1.Execution, _ execution.Plan) error {
			_, err := s.Take(t.Context(), e, NodeCronJob{Name: "check"})
			return err
		}, wantParts: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, p := newStore(t).Store, testPlan()
			e := person(t, s, v1alpha1.Execution{
				ObjectMeta: metav1.ObjectMeta{Name: "nightly"}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "check", Trigger: v1alpha1.ManualTrigger},
			})
			mine := s
			mine.executions = interrupted{s.executions, func() error { testkit.Must(t, tt.other(t, s, e, p)); return nil }}
			if _, err := mine.Open(t.Context(), e, p, opened(p)); !apierrors.IsConflict(err) {
				t.Fatalf("got %v, want a conflict", err)
			}
			now := must(t)(s.Find(t.Context(), e.Name))
			parts, err := s.parts.List(t.Context(), metav1.ListOptions{})
			testkit.Must(t, err)
			if now.Status.Phase != tt.wantPhase || len(parts.Items) != tt.wantParts {
				t.Errorf("got phase %q with %d plan parts, want %q with %d", now.Status.Phase, len(parts.Items), tt.wantPhase, tt.wantParts)
			}
		})
	}
}

func TestAPersonsExecutionIsTaken(t *testing.T) {
	s := newStore(t).Store
	e := person(t, s, v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: "nightly", Labels: map[string]string{"team": "a"}},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "check", Trigger: v1alpha1.ManualTrigger, Paused: true},
	})
	if s.IsTaken(e, NodeCronJob{Name: "check"}) || !s.MayTake(e) {
		t.Error("before: it is taken, or may not be")
	}
	taken := must(t)(s.Take(t.Context(), e, NodeCronJob{Name: "check"}))
	if !s.IsTaken(taken, NodeCronJob{Name: "check"}) || taken.Labels["team"] != "a" || !taken.Spec.Paused || !IsWaiting(taken) {
		t.Errorf("got %+v", taken)
	}
	other := NewStore(s.executions, s.parts, "other")
	if other.MayTake(taken) {
		t.Error("another controller may take it as well")
	}
	for name, store := range map[string]Store{"its controller": s, "another one": other} {
		all, err := store.ListOf(t.Context(), "check")
		testkit.Must(t, err)
		if want := name == "its controller"; (len(all.Waiting) == 1) != want {
			t.Errorf("%s lists %d that wait", name, len(all.Waiting))
		}
	}
}

func TestAnExecutionThatWaitsSaysSo(t *testing.T) {
	s, p := newStore(t).Store, testPlan()
	e := must(t)(s.Create(t.Context(), NodeCronJob{Name: "check"}, firingOf(p)))
	queued := must(t)(s.Queue(t.Context(), e, p.Scheduled, "another one is open"))
	if c := queued.Status.Conditions; !IsWaiting(queued) || queued.Status.Phase != v1alpha1.Queued || len(c) != 1 || c[0].Type != v1alpha1.ConditionComplete || c[0].Reason != v1alpha1.ReasonWaiting {
		t.Errorf("got %+v", queued.Status)
	}
	r, err := s.Open(t.Context(), queued, p, opened(p))
	if err != nil || r.Object.Status.Phase != v1alpha1.Open {
		t.Errorf("got %+v, %v", r.Object, err)
	}
}

// The Execution is deleted after it was read, and its plan before it is read.
func TestAnExecutionThatIsDeletedIsNotDamaged(t *testing.T) {
	s := newStore(t).Store
	r := create(t, s, testPlan())
	testkit.Must(t, s.Delete(t.Context(), r.Object))
	testkit.Must(t, s.parts.Delete(t.Context(), r.Object.Status.Plan.Parts[0].Name, metav1.DeleteOptions{}))
	if _, err := s.Load(t.Context(), r.Object); !apierrors.IsNotFound(err) {
		t.Errorf("it is gone: got %v, want that it is not found", err)
	}
	listed := s
	listed.executions = stale{s.executions, r.Object}
	if all, err := listed.ListOf(t.Context(), "check"); err != nil || len(all.Opened()) != 0 || all.Damage() != nil {
		t.Errorf("it is listed: got %+v, %v, want nothing", all, err)
	}
	create(t, s, testPlan()) // under its name
	if _, err := s.Load(t.Context(), r.Object); !apierrors.IsNotFound(err) {
		t.Errorf("another one has its name: got %v, want that it is not found", err)
	}
}

func TestWaitingAndRejectedExecutionsAreNoRecords(t *testing.T) {
	s := newStore(t).Store
	for i, name := range []string{"waits", "rejected-1", "rejected-2"} {
		e, err := s.executions.Create(t.Context(), s.request(NodeCronJob{Name: "check"}, firingOf(testPlan()), name), metav1.CreateOptions{})
		testkit.Must(t, err)
		if i > 0 {
			testkit.Must(t, s.Reject(t.Context(), e, time.Unix(0, 0), v1alpha1.ReasonStartingDeadlineExceeded, "too late"))
		}
	}
	all, err := s.ListOf(t.Context(), "check")
	testkit.Must(t, err)
	if len(all.Waiting) != 1 || len(all.Opened()) != 0 || all.Damage() != nil || len(all.Rejected) != 2 || all.Rejected[0].Name != "rejected-1" {
		t.Errorf("got %+v", all)
	}
	got := all.Rejected[0].Status
	if got.CloseTime == nil || len(got.Conditions) != 1 || got.Conditions[0].Reason != v1alpha1.ReasonStartingDeadlineExceeded {
		t.Errorf("got %+v", got)
	}
}

func TestAnExecutionIsStoppedAsItWasRead(t *testing.T) {
	s := newStore(t).Store
	read := person(t, s, v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "check", Cancel: v1alpha1.CancelDrain}})
	testkit.Must(t, s.Stop(t.Context(), read))
	if now := must(t)(s.Find(t.Context(), "x")); now.Spec.Cancel != v1alpha1.CancelStop || now.Generation != read.Generation+1 {
		t.Errorf("got cancel %q of generation %d", now.Spec.Cancel, now.Generation)
	}
	if err := s.Stop(t.Context(), read); !apierrors.IsConflict(err) {
		t.Errorf("with what was read before: got %v, want a conflict", err)
	}
}

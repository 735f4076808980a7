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
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
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

type brokenParts struct {
	corev1client.ConfigMapInterface
	err error
}

func (b brokenParts) Create(context.Context, *corev1.ConfigMap, metav1.CreateOptions) (*corev1.ConfigMap, error) {
	return nil, b.err
}

// withOther returns the plan of a leader that has seen other nodes.
func withOther(p execution.Plan) execution.Plan {
	p.Nodes = slices.Clone(p.Nodes[:2])
	return p
}

func TestAnExecutionIsOpenedOnce(t *testing.T) {
	broken := errors.New("broken")
	fails := func(s Store) Store {
		s.executions = interrupted{s.executions, func() error { return broken }}
		return s
	}
	tests := map[string]struct {
		before  func(t *testing.T, s Store, p execution.Plan) // of an earlier try, or another leader
		wantNew bool
		want    int // nodes of the plan that counts
		wantErr error
	}{
		"the first time": {before: func(*testing.T, Store, execution.Plan) {}, wantNew: true, want: 3},
		"its creation was all that happened": {before: func(t *testing.T, s Store, p execution.Plan) {
			s.parts = brokenParts{s.parts, broken}
			_, _, err := s.Create(t.Context(), p, opened(), p.Scheduled)
			if !errors.Is(err, broken) {
				t.Errorf("got %v, want that no part could be created", err)
			}
		}, wantNew: true, want: 3},
		"its plan was written": {before: func(t *testing.T, s Store, p execution.Plan) {
			_, _, err := fails(s).Create(t.Context(), p, opened(), p.Scheduled)
			if !errors.Is(err, broken) {
				t.Errorf("got %v, want that it could not be opened", err)
			}
		}, wantNew: true, want: 3},
		"another plan was written": {before: func(t *testing.T, s Store, p execution.Plan) {
			_, _, err := fails(s).Create(t.Context(), withOther(p), opened(), p.Scheduled)
			if !errors.Is(err, broken) {
				t.Errorf("got %v, want that it could not be opened", err)
			}
		}, wantNew: true, want: 3},
		"it was opened with another plan": {before: func(t *testing.T, s Store, p execution.Plan) { create(t, s, withOther(p)) }, want: 2},
		"it was rejected": {before: func(t *testing.T, s Store, p execution.Plan) {
			_, _, err := fails(s).Create(t.Context(), p, opened(), p.Scheduled)
			e, findErr := s.Find(t.Context(), "check-"+string(p.ID))
			testkit.Must(t, findErr)
			if !errors.Is(err, broken) || !IsWaiting(e) {
				t.Errorf("got %v, %+v", err, e.Status)
			}
			testkit.Must(t, s.Reject(t.Context(), e, p.Scheduled, v1alpha1.ReasonStartingDeadlineExceeded, "too late"))
		}, wantErr: ErrRejected},
		"by another trigger": {before: func(t *testing.T, s Store, p execution.Plan) { p.Trigger = execution.Startup; create(t, s, p) }, wantErr: ErrNameTaken},
		"by another tick": {before: func(t *testing.T, s Store, p execution.Plan) {
			p.Scheduled = p.Scheduled.Add(time.Second)
			create(t, s, p)
		}, wantErr: ErrNameTaken},
		"by a person": {before: func(t *testing.T, s Store, p execution.Plan) {
			_, err := s.executions.Create(t.Context(), &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: "check-" + string(p.ID)}}, metav1.CreateOptions{})
			testkit.Must(t, err)
		}, wantErr: ErrNameTaken},
		"a part of its plan has the name of another object": {before: takePart, wantErr: ErrNameTaken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, p := newStore(t).Store, testPlan()
			tt.before(t, s, p)
			r, isNew, err := s.Create(t.Context(), p, opened(), p.Scheduled)
			if !errors.Is(err, tt.wantErr) || isNew != tt.wantNew {
				t.Fatalf("got new %t, %v", isNew, err)
			}
			if tt.wantErr == nil && len(r.Plan.Nodes) != tt.want {
				t.Errorf("nodes of its plan: got %d, want %d", len(r.Plan.Nodes), tt.want)
			}
		})
	}
}

// takePart creates the Execution of a plan, and another object in the name of the first part.
func takePart(t *testing.T, s Store, p execution.Plan) {
	t.Helper()
	e, err := s.executions.Create(t.Context(), s.request(p, "check-"+string(p.ID)), metav1.CreateOptions{})
	testkit.Must(t, err)
	p.Execution = execution.Object{Name: e.Name, UID: string(e.UID)}
	parts, err := pack(p)
	testkit.Must(t, err)
	_, err = s.parts.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: parts[0].Name}}, metav1.CreateOptions{})
	testkit.Must(t, err)
}

// stale is an API server whose list still has an Execution that was deleted since.
type stale struct {
	v1alpha1client.ExecutionInterface
	deleted *v1alpha1.Execution
}

func (s stale) List(context.Context, metav1.ListOptions) (*v1alpha1.ExecutionList, error) {
	return &v1alpha1.ExecutionList{Items: []v1alpha1.Execution{*s.deleted}}, nil
}

// Two leaders have written their plans, and the other one is the first to open, or to
// reject.
func TestOfTwoLeadersOneOpens(t *testing.T) {
	tests := map[string]struct {
		other    func(t *testing.T, s Store, p execution.Plan)
		wantErr  error
		wantLeft int // plan parts that are not used
	}{
		"the other one opens it": {other: func(t *testing.T, s Store, p execution.Plan) {
			if _, isNew, err := s.Create(t.Context(), withOther(p), opened(), p.Scheduled); err != nil || !isNew {
				t.Errorf("the other one: got new %t, %v", isNew, err)
			}
		}, wantLeft: 1},
		"the other one opens it with the same plan": {other: func(t *testing.T, s Store, p execution.Plan) {
			if _, isNew, err := s.Create(t.Context(), p, opened(), p.Scheduled); err != nil || !isNew {
				t.Errorf("the other one: got new %t, %v", isNew, err)
			}
		}},
		"the other one rejects it": {other: func(t *testing.T, s Store, p execution.Plan) {
			e, err := s.Find(t.Context(), "check-"+string(p.ID))
			testkit.Must(t, err)
			testkit.Must(t, s.Reject(t.Context(), e, p.Scheduled, v1alpha1.ReasonStartingDeadlineExceeded, "too late"))
		}, wantErr: ErrRejected, wantLeft: 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, p := newStore(t).Store, testPlan()
			mine := s
			mine.executions = interrupted{s.executions, func() error { tt.other(t, s, p); return nil }}
			if _, _, err := mine.Create(t.Context(), p, opened(), p.Scheduled); !apierrors.IsConflict(err) {
				t.Fatalf("got %v, want a conflict", err)
			}
			r, isNew, err := s.Create(t.Context(), p, opened(), p.Scheduled) // the next try
			if isNew || !errors.Is(err, tt.wantErr) {
				t.Errorf("the next try: got new %t, %v", isNew, err)
			}
			parts, err := s.parts.List(t.Context(), metav1.ListOptions{})
			testkit.Must(t, err)
			used := 0
			if r.Object != nil {
				used = len(r.Object.Status.Plan.Parts)
			}
			if left := len(parts.Items) - used; left != tt.wantLeft {
				t.Errorf("plan parts that are not used: got %d, want %d", left, tt.wantLeft)
			}
		})
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
	if all, err := listed.List(t.Context()); err != nil || len(all.Opened()) != 0 || all.Damage() != nil {
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
		e, err := s.executions.Create(t.Context(), s.request(testPlan(), name), metav1.CreateOptions{})
		testkit.Must(t, err)
		if i > 0 {
			testkit.Must(t, s.Reject(t.Context(), e, time.Unix(0, 0), v1alpha1.ReasonStartingDeadlineExceeded, "too late"))
		}
	}
	all, err := s.List(t.Context())
	testkit.Must(t, err)
	if len(all.Opened()) != 0 || all.Damage() != nil || len(all.Rejected) != 2 || all.Rejected[0].Name != "rejected-1" {
		t.Errorf("got %+v", all)
	}
	got := all.Rejected[0].Status
	if got.CloseTime == nil || len(got.Conditions) != 1 || got.Conditions[0].Reason != v1alpha1.ReasonStartingDeadlineExceeded {
		t.Errorf("got %+v", got)
	}
}

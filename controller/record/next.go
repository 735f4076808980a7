package record

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record/account"
)

// Next is what a write puts into the status of an execution that has been opened.
type Next struct {
	Account execution.Account
	Share   *int32    // podShare; nil: none
	Running int       // how many node tasks have a pod that runs; the account does not have it
	At      time.Time // of the write
	// HeldBack keeps from the status that it is about the present spec.
	HeldBack bool
	Write    bool // demands one, which proves that no other client has written the Execution: ErrUnchanged
}

// Steering returns what people have asked of the execution. The status that is written next
// says so, with the generation of the spec.
func (r Record) Steering() plan.Steering { return steeringOf(r.Object.Spec) }

func steeringOf(spec v1alpha1.ExecutionSpec) plan.Steering {
	return plan.Steering{Paused: spec.Paused, Cancel: plan.Cancel(spec.Cancel)}
}

// ObservedSteering returns what people had asked of the execution when the status was written
// that observed it. A status that is not about the present spec does not say whether the
// execution was canceled, and then a cancel is not among it.
func (r Record) ObservedSteering() plan.Steering {
	if r.Observed() {
		return r.Steering()
	}
	return plan.Steering{Paused: saysPaused(r.Object.Status)}
}

func saysPaused(s v1alpha1.ExecutionStatus) bool {
	c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionComplete)
	return c != nil && c.Reason == v1alpha1.ReasonPaused
}

// Share returns podShare, or execution.NoShare.
func (r Record) Share() int { return ShareOf(r.Object) }

// EntryOf returns the entry of an Execution that was opened, with the share that its status
// has.
func EntryOf(e *v1alpha1.Execution, id execution.ID) plan.Entry {
	return plan.Entry{UID: string(e.UID), Name: e.Name, Definition: e.Spec.NodeCronJobName, ID: id, Share: ShareOf(e)}
}

// ShareOf returns the podShare of an Execution, or execution.NoShare.
func ShareOf(e *v1alpha1.Execution) int {
	if e.Status.PodShare == nil {
		return execution.NoShare
	}
	return int(*e.Status.PodShare)
}

// PodShare returns a share as a status has it.
func PodShare(share int) *int32 {
	if share == execution.NoShare {
		return nil
	}
	return new(int32(share)) //nolint:gosec // it is at most a podPoolSize
}

// Observed reports whether the status is about the spec as it is.
func (r Record) Observed() bool { return r.Object.Status.ObservedGeneration == r.Object.Generation }

// Running returns how many node tasks have a pod that runs, as the status says.
func (r Record) Running() int {
	if r.Object.Status.Counts == nil {
		return 0
	}
	return int(r.Object.Status.Counts.Running)
}

// Deleted reports whether a client has deleted the Execution, which may still exist: its Jobs
// are deleted before or with it.
func (r Record) Deleted() bool { return r.Object.DeletionTimestamp != nil }

// SameStatus reports whether another reading of the Execution has the same status: what has
// changed is its spec or its metadata.
func (r Record) SameStatus(other Record) bool {
	return equality.Semantic.DeepEqual(r.Object.Status, other.Object.Status)
}

// withNext returns the status of an Execution with what is written next. All but the phase
// and the account is for people and tools.
func withNext(e *v1alpha1.Execution, p execution.Plan, next Next) v1alpha1.ExecutionStatus {
	s := account.Status(e.Status, next.Account)
	counts := account.Counts(p, next.Account, next.Running)
	s.Counts = &counts
	steering, generation := steeringOf(e.Spec), e.Generation
	if next.HeldBack {
		steering, generation = plan.Steering{Paused: saysPaused(s)}, s.ObservedGeneration
	}
	s.ObservedGeneration = generation
	s.PodShare = next.Share
	at := metav1.NewTime(next.At.Truncate(time.Second))
	if s.OpenTime != nil {
		until := at
		if s.CloseTime != nil {
			until = *s.CloseTime
		}
		s.Duration = v1alpha1.NewDuration(max(until.Sub(s.OpenTime.Time).Truncate(time.Second), 0))
	}
	ended := next.Account.Count()
	ended[execution.Skipped] += len(p.Skipped)
	for _, c := range plan.Conditions(next.Account.Phase, steering, ended) {
		c.LastTransitionTime, c.ObservedGeneration = at, generation
		meta.SetStatusCondition(&s.Conditions, c)
	}
	return s
}

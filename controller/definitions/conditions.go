package definitions

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// maxMessage is the API server's limit of a condition's message.
const maxMessage = 32 << 10

// Facts are what the conditions of a NodeCronJob follow from.
type Facts struct {
	Generation int64  // of the spec that was decided about
	Reason     string // of the condition Accepted: v1alpha1.ReasonValid, or why it is not
	Problems   string // with the spec
	InEffect   int64  // the generation that is in effect; 0: none
	Suspended  bool
	Last       *v1alpha1.LastExecution
}

// ready reports whether ticks start executions.
func (f Facts) ready() bool { return f.InEffect != 0 && !f.Suspended }

// Conditions returns the conditions of a NodeCronJob, without times. Those of before decide
// about one: an execution that was canceled proves that nodes are bad, not that none is.
func Conditions(f Facts, before []metav1.Condition) []metav1.Condition {
	all := []metav1.Condition{f.accepted(), f.scheduled(), f.healthy(meta.FindStatusCondition(before, v1alpha1.ConditionHealthy))}
	for i := range all {
		all[i].ObservedGeneration = f.Generation
		all[i].Message = execution.Truncate(all[i].Message, maxMessage)
	}
	return all
}

func (f Facts) accepted() metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionAccepted, Reason: f.Reason, Status: metav1.ConditionFalse}
	switch {
	case f.Reason == v1alpha1.ReasonValid:
		c.Status, c.Message = metav1.ConditionTrue, "the spec is in effect"
	case f.InEffect != 0:
		c.Message = fmt.Sprintf("the spec of generation %d stays in effect: %s", f.InEffect, f.Problems)
	default:
		c.Message = "no spec is in effect: " + f.Problems
	}
	return c
}

func (f Facts) scheduled() metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}
	switch {
	case f.InEffect == 0:
		c.Reason, c.Message = v1alpha1.ReasonNotAccepted, "no spec is in effect: see the condition Accepted"
	case f.Suspended:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonSuspended, "spec.suspend skips the ticks"
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonScheduled, "ticks start executions"
	}
	return c
}

func (f Facts) healthy(before *metav1.Condition) metav1.Condition {
	never := metav1.Condition{Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNeverRan,
		Message: "no execution over all nodes has closed"}
	if f.Last == nil {
		return never
	}
	counts, c := f.Last.Counts, never
	switch {
	case counts.Bad > 0:
		c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonBadNodes
		c.Message = fmt.Sprintf("%d of %d nodes are bad in execution %s", counts.Bad, counts.Nodes, f.Last.Name)
	case counts.Canceled > 0 && before != nil:
		c = *before
	case counts.Canceled > 0:
	default:
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonNoBadNodes
		c.Message = fmt.Sprintf("no node is bad in execution %s, of %d", f.Last.Name, counts.Nodes)
	}
	return c
}

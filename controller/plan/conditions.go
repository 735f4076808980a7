package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// The types and reasons of the conditions of an Execution, in the words of the API.
const (
	complete = "Complete"
	degraded = "Degraded"

	stillWaiting = "Waiting"
	stillRunning = "Running"
	stillPaused  = "Paused"
	allEnded     = "AllEnded"
	someCanceled = "Canceled"
	badNodes     = "BadNodes"
	noBadNodes   = "NoBadNodes"
)

// Conditions returns the conditions of an Execution that is not rejected, without times. Any
// phase but Open, Closing and Closed means that it waits to be opened.
func Conditions(phase execution.Phase, s Steering, counts execution.Counts) []metav1.Condition {
	done := metav1.Condition{Type: complete, Status: metav1.ConditionFalse, Message: counts.String()}
	switch {
	case phase == execution.Closed && counts[execution.Canceled] > 0:
		done.Status, done.Reason = metav1.ConditionTrue, someCanceled
	case phase == execution.Closed:
		done.Status, done.Reason = metav1.ConditionTrue, allEnded
	case phase == execution.Open && s.Paused && s.Cancel == NotCanceled:
		done.Reason = stillPaused
	case phase == execution.Open, phase == execution.Closing:
		done.Reason = stillRunning
	default:
		done.Reason = stillWaiting
		return []metav1.Condition{done}
	}
	bad := metav1.Condition{Type: degraded, Status: metav1.ConditionFalse, Reason: noBadNodes}
	if counts.Bad() > 0 {
		bad.Status, bad.Reason, bad.Message = metav1.ConditionTrue, badNodes, counts.String()
	}
	return []metav1.Condition{done, bad}
}

package notices

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Steered writes an event about what people ask of the execution, if that has changed. It is
// in effect, and its status says so. One goroutine may call it.
func (n *Notices) Steered(ctx context.Context, now plan.Steering) {
	if now == n.steering {
		return
	}
	reason, message := steeringEvent(n.steering, now)
	n.steering = now
	if reason != "" {
		n.announce(ctx, false, reason, message)
	}
}

// steeringEvent returns the event about a change, or nothing: a canceled execution cannot be
// paused.
func steeringEvent(before, now plan.Steering) (reason, message string) {
	switch {
	case now.Cancel == plan.CancelStop && before.Cancel != now.Cancel:
		return kube.EventExecutionCanceled, "no further Job is created, and pods are stopped"
	case now.Cancel != before.Cancel:
		return kube.EventExecutionCanceled, "no further Job is created, pods that have not started are stopped, and those that run go on to their end"
	case now.Cancel != plan.NotCanceled:
		return "", ""
	case now.Paused:
		return kube.EventExecutionPaused, "no further Job is created until it is resumed; pods of Jobs that exist go on"
	default:
		return kube.EventExecutionResumed, "Jobs are created again"
	}
}

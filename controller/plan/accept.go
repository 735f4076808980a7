package plan

import (
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// CallbackGrace is how long after the end of its task a pod may still report: a
// callback that was sent before the end may have waited for a leader.
const CallbackGrace = time.Minute

// AcceptCallback returns why a pod may not report for its task now, or nil.
func AcceptCallback(task execution.Task, admitted bool, now time.Time) error {
	switch {
	case task.Outcome.State.Final() && task.Finished.IsZero():
		return execution.ErrEnded // under an earlier leader, at an unknown time
	case task.Outcome.State.Final() && now.Sub(task.Finished) > CallbackGrace:
		return fmt.Errorf("%w %s ago", execution.ErrEnded, now.Sub(task.Finished).Round(time.Second))
	case !admitted:
		return fmt.Errorf("%w yet: it waits for a slot", execution.ErrUnknownNode)
	default:
		return nil
	}
}

package plan

import (
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// CallbackGrace is how long after the end of its task a pod may still report:
// what it sent before it ended may have waited for a leader.
const CallbackGrace = time.Minute

// AcceptCallback says whether a pod may report for its task now.
func AcceptCallback(task execution.Task, admitted bool, now time.Time) error {
	switch {
	case task.Outcome.State.Final() && task.Finished.IsZero():
		return execution.ErrEnded // under an earlier leader, and nobody knows when
	case task.Outcome.State.Final() && now.Sub(task.Finished) > CallbackGrace:
		return fmt.Errorf("%w %s ago", execution.ErrEnded, now.Sub(task.Finished).Round(time.Second))
	case !admitted:
		return fmt.Errorf("%w yet: it waits for its turn", execution.ErrUnknownNode)
	default:
		return nil
	}
}

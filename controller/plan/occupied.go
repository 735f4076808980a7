package plan

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// occupiedPause is how long to wait before checking an occupied node again.
const occupiedPause = 5 * time.Second

// create creates the Job, unless the execution is paused or canceled, once no pod of an
// earlier execution of the definition runs on the node. An earlier execution closes after its
// pods, except when an unreachable node comes back, or when its record is deleted, and its
// Jobs with it, before its pods end.
func (s Observation) create(now time.Time) Action {
	if s.Steering.Cancel != NotCanceled {
		return s.cancelWithoutJob(now)
	}
	if s.Steering.Paused {
		return Action{Step: Wait} // until it is resumed
	}
	i := slices.IndexFunc(s.Others, mayRun)
	if i < 0 {
		return Action{Step: Create}
	}
	if left := s.Settings.StartDeadline - now.Sub(s.Since); left > 0 {
		return Action{Step: Wait, Recheck: min(left, occupiedPause)}
	}
	pod := s.Others[i]
	busy := finish(execution.Failed, execution.NodeBusy,
		"pod "+pod.Name+" of execution "+pod.Labels[jobspec.ExecutionLabel]+" is still running on the node", now)
	busy.Step = Verify // an earlier leader may have created the Job
	return busy
}

// mayRun reports whether a container of a pod runs on its node, or may still run.
func mayRun(pod *corev1.Pod) bool {
	return pod.Spec.NodeName != "" && !hasEnded(pod) && !deletedWithoutGrace(pod)
}

package plan

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// settle ends a pod whose work is done, while a container that others added to
// it, such as the proxy of a service mesh, goes on. To stop it deletes the pod,
// so that its logs are saved before, and the outcome goes with the stop: a leader
// that dies in between leaves the pod as it is or the outcome on its Job.
func settle(s Sight, run Run, now time.Time) Action {
	if s.Stopped == nil && s.Settings.SavePodLog && !s.LogsSaved && !s.NodeGone && !run.ended() {
		return Action{Step: SaveLogs, Running: run.Running, Started: run.Started}
	}
	return stop(s, run, *run.Done, now)
}

// done returns how the template's containers have ended, if all of them have by
// themselves, and nil if they have not or are alone: then the pod tells.
func (c crew) done() *execution.End {
	if len(c.injected) == 0 || slices.ContainsFunc(c.works, func(m member) bool { return m.terminated() == nil }) {
		return nil
	}
	finished := lastFinish(c.works)
	told, known := c.told()
	if finished.IsZero() || !known || (!told.IsZero() && !finished.Before(told)) {
		return nil
	}
	end := &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Started: firstStart(c.works), Finished: finished}
	if failed := firstFailed(c.works); failed != nil {
		end.Outcome.State = execution.Failed
		end.Outcome.Reason, end.Message = failed.failure()
	}
	return end
}

// told returns when the pod was told to end, and zero if it was not. A script
// that ends with 0 when it is told to has not done its work. It is not known
// when of a pod that the kubelet has deleted anew, or ended for a reason of its own.
func (c crew) told() (at time.Time, known bool) {
	pod := c.pod
	if grace := pod.DeletionGracePeriodSeconds; pod.DeletionTimestamp != nil {
		if grace == nil || *grace == 0 {
			return time.Time{}, false
		}
		at, _ = Run{newest: pod}.deleted()
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.DisruptionTarget && condition.Status == corev1.ConditionTrue {
			at = earlier(at, condition.LastTransitionTime.Time)
		}
	}
	if start, limit := pod.Status.StartTime, pod.Spec.ActiveDeadlineSeconds; start != nil && limit != nil {
		at = earlier(at, start.Add(time.Duration(*limit)*time.Second))
	}
	return at, pod.Status.Reason == "" || !at.IsZero()
}

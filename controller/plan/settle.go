package plan

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// settle ends a pod whose work is done while an injected container, such as the
// proxy of a service mesh, still runs. Stopping deletes the pod, so its logs are
// saved before. The stop stores the outcome on the Job: if the leader dies in
// between, either the pod is untouched or its Job has the outcome.
func settle(s Observation, run Progress, now time.Time) Action {
	if s.Stopped == nil && s.Settings.SavePodLog && !s.LogsSaved && !s.NodeGone && !run.ended() {
		return Action{Step: SaveLogs, Running: run.Running, Started: run.Started}
	}
	return stop(s, run, *run.Done, now)
}

// done returns the end of the template's containers. It is nil if they have not all
// ended by themselves, or if the pod has no injected container: then the pod's own
// end counts.
func (c podContainers) done() *execution.End {
	if len(c.injected) == 0 || slices.ContainsFunc(c.main, func(m containerState) bool { return m.terminated() == nil }) {
		return nil
	}
	finished := lastFinish(c.main)
	terminated, known := c.terminationRequested()
	if finished.IsZero() || !known || (!terminated.IsZero() && !finished.Before(terminated)) {
		return nil
	}
	end := &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Started: firstStart(c.main), Finished: finished}
	if failed := firstFailed(c.main); failed != nil {
		end.Outcome.State = execution.Failed
		end.Outcome.Reason, end.Message = failed.failure()
	}
	return end
}

// terminationRequested returns when the pod was asked to terminate; zero: it was
// not. A script that exits with 0 after SIGTERM has not done its work. The time is
// unknown if the kubelet has deleted the pod again without a grace period, or has
// terminated it for a reason of its own.
func (c podContainers) terminationRequested() (at time.Time, known bool) {
	pod := c.pod
	if grace := pod.DeletionGracePeriodSeconds; pod.DeletionTimestamp != nil {
		if grace == nil || *grace == 0 {
			return time.Time{}, false
		}
		at, _ = Progress{newest: pod}.deleted()
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

package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// nextOnADeletedNode: the node is gone, which includes one of its name with another UID.
func nextOnADeletedNode() map[string]nextCase {
	return map[string]nextCase{
		"the node went before the task was admitted": {
			observation: Observation{NodeGone: true}, want: Finish,
			wantOutcome: ended(execution.Skipped, execution.NodeGone), wantMessage: "before its Job was created",
		},
		"the node went, and the response to a create may have been lost": {
			observation: Observation{NodeGone: true, Admitted: true}, want: Verify,
			wantOutcome: ended(execution.Skipped, execution.NodeGone), wantMessage: "before its Job was created",
		},
		"the node and the Job went": {
			observation: Observation{NodeGone: true, Created: true, Seen: true}, want: Verify,
			wantOutcome: ended(execution.Lost, execution.NodeGone), wantMessage: "the node and its Job were deleted",
		},
		"the node went before the cache had the Job": {
			observation: Observation{NodeGone: true, Created: true}, now: 10 * time.Second, want: Wait, wantRecheck: 20 * time.Second,
		},
		"the node went, and the cache lacks the Job, which may be as new as the response to its create": {
			observation: Observation{NodeGone: true, Created: true}, now: cacheLag, want: Verify,
			wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
		"the node went while the pod ran": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(runningPod(10 * time.Second))}, now: time.Minute, want: Stop,
			wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
		"the node went while the pod ran, and the Job was told to end": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(runningPod(10 * time.Second)), Stopped: told(time.Minute, execution.Lost, execution.NodeGone)},
			now:         time.Minute + time.Second, want: Finish,
			wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
		"the node went after the pod had succeeded": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(succeededPod(1, 2))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Succeeded, ""),
		},
		"the node went while a doomed pod ran": {
			observation: Observation{
				NodeGone: true, Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(10*time.Second, deleting)),
			},
			now: time.Minute, want: Finish, wantOutcome: ended(execution.Failed, "DeadlineExceeded"),
		},
	}
}

// nextOnASilentNode: the node is unreachable.
func nextOnASilentNode() map[string]nextCase {
	return map[string]nextCase{
		"stopped, and the node has been silent for long": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(30 * time.Minute), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))),
				Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now: 61*time.Minute + time.Second, want: Finish, wantSilent: true, wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
		"the Job is about to fail, and the node has been silent for long": {
			observation: Observation{
				Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)), UnreachableSince: after(0),
				Pods: pods(runningPod(10*time.Second, deletedFor(time.Minute, 10*time.Minute))),
			},
			now: 2 * time.Minute, want: Finish, wantSilent: true, wantOutcome: ended(execution.Failed, "DeadlineExceeded"),
		},
		"the Job was deleted, and the node of its pod has been silent for long": {
			observation: Observation{Created: true, Seen: true, UnreachableSince: after(0), Pods: pods(runningPod(0, onNode, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         6 * time.Minute, want: Verify, wantSilent: true, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"stopped, and the grace is over on a node that has been silent for long": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(30 * time.Minute), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))),
				Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now: 72 * time.Minute, want: Finish, wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
		"stopped, and the node has been silent for a moment": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(62 * time.Minute), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))),
				Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now: 62*time.Minute + time.Second, want: Wait, wantStarted: after(0), wantRecheck: StopMargin - time.Second,
		},
		"the node is silent, and its pod was not told to end": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(time.Minute), Pods: pods(runningPod(0))},
			now:         30 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: 30*time.Minute + stopWait,
		},
		"the node is silent, and its pod was deleted for it": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(time.Minute), Pods: pods(runningPod(0, disrupted("DeletionByTaintManager", 6*time.Minute), deletedFor(6*time.Minute, 10*time.Minute)))},
			now:         6 * time.Minute, want: Stop, wantOutcome: ended(execution.Lost, "DeletionByTaintManager"), wantMessage: "told to go: the pod was deleted, and its end was not observed",
		},
	}
}

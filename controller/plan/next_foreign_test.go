package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// nextOfAForeignJob: the Job is foreign.
func nextOfAForeignJob() map[string]nextCase {
	return map[string]nextCase{
		"a foreign Job has the name": {
			observation: Observation{Foreign: true, Job: jobWith()}, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob), wantMessage: "check-20260304050000-0123456789",
		},
		"a foreign Job that succeeded counts for nothing": {
			observation: Observation{Foreign: true, Job: jobWith(condition(batchv1.JobComplete, "", 0))}, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"a foreign Job that never was ours holds no slot": {
			observation: Observation{Foreign: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away while its pod ran": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, now: time.Minute,
			want: Wait, wantRunning: true, wantStarted: after(0), wantRecheck: startDeadline + jobTimeout + stopWait - time.Minute,
		},
		"the Job was taken away, and its pod has run for as long as it may": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, now: startDeadline + jobTimeout + stopWait,
			want: Verify, wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away before it had a pod": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith()}, now: time.Minute, want: Wait, wantRecheck: startDeadline - time.Minute,
		},
		"the Job was taken away, and has no pod until the start deadline": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith()}, now: startDeadline, want: Verify,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away, and its pod has succeeded": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(), Pods: pods(succeededPod(0, time.Second))}, now: time.Minute, want: Verify,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away, and its pod has failed with attempts left": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(backoff(1)), Pods: pods(failedPodAt(0, time.Second))}, now: time.Minute,
			want: Wait, wantRunning: true, wantStarted: after(0), wantRecheck: retryPause + startDeadline + time.Second - time.Minute,
		},
		"the Job was taken away and has failed, and its pod still ends": {
			observation: Observation{
				Foreign: true, Created: true, Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(0, onNode)),
			},
			now: 2 * time.Minute, want: Wait, wantRunning: true, wantStarted: after(0), wantRecheck: startDeadline + jobTimeout + stopWait - 2*time.Minute,
		},
		"the Job was taken away, and its node is gone": {
			observation: Observation{Foreign: true, Created: true, NodeGone: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
	}
}

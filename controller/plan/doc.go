// Package plan holds every decision of the controller about ticks, nodes, node tasks
// and what pods may send. All functions are pure: they take the state and the
// time, and return an action with its reason. No client, no clock, no logger.
//
// When:
//
//	schedule.go             parses a cron expression and its time zone; local.go: its ticks,
//	                        and what a clock change skips or repeats
//	epoch.go                the ticks of a changed schedule
//	due.go                  which tick is due (of several, only the newest, within
//	                        startingDeadline), and how many were missed
//	startup.go              when the execution of runOnStartup is due
//	queue.go                whether an Execution is opened, waits, is rejected (also because its
//	                        NodeCronJob does not exist), or replaces the open one; queuetick.go: whether a tick creates one
//	rejectreason.go         the words for why an Execution never opens: queue.go, narrow.go and
//	                        narrowfrom.go decide, also for package door
//
// Once for all definitions:
//
//	state.go                the state: one object that leaders change by compare-and-swap
//	begin.go                which execution begins, and under which ID
//	ticks.go                which ticks of a definition were processed
//	shares.go               what the state permits of the shares of maxPods (who gets how much:
//	                        package slots)
//
// Where:
//
//	select.go               which nodes are selected when an execution opens, in which order, and
//	                        which are skipped, and why (package kube keeps the fields of a node that this reads)
//	taints.go               which taints skip a node, and for which reason (also NodeNotReady)
//	placement.go            which nodes the pod template rules out
//	narrow.go               on which of the selected nodes an execution runs; narrowfrom.go:
//	                        those of an earlier execution
//
// What next for a node task:
//
//	next.go                 what is known of the task, and its next step. It ends here if its Job
//	                        was deleted (JobDeleted), its node is gone (NodeGone), or its pod
//	                        has not started within startDeadline (also on a node that was
//	                        cordoned since); and if its pod still runs after jobTimeout, its
//	                        grace period and StopMargin, because the kubelet is silent
//	action.go               the steps: create, verify, stop, save logs, finish, wait
//	stop.go                 a Job is stopped, also while only injected containers run, and
//	                        whether its logs are saved before
//	steer.go                what canceling (Drain, Stop) does to a task; what of a pause and a
//	                        cancel the admission obeys, in package execution
//	progress.go             the state of a Job and its pods, and whether one has succeeded or
//	                        failed for good (for a pod, by the phase that the kubelet sets):
//	                        ProgressOf
//	containers.go           a pod's containers by role, and which failed first (exit code)
//	ends.go                 outcome, reason and message of such an end: eviction, deletion of
//	                        the pod, exit code, jobTimeout. That a pod never started is decided
//	                        in next.go, for the reason that progress.go finds (WhyNotStarted)
//	times.go                start times
//	grace.go                how long pods take to end: when the slot of a pod that was told to
//	                        is free, also on a silent node, or that of the pod of a deleted Job,
//	                        and the end of a task whose pod is gone before its own end was seen
//	foreign.go, mayrun.go   foreign Jobs, and pods that may still run
//	occupied.go             whether the Job of an admitted task may be created now: not while the
//	                        execution is paused, or a pod of an earlier one runs on the node
//	createerror.go          what an error of the API server says about the object, and until
//	                        when the creation of a Job is retried (how often: package run)
//	prune.go                which executions and Jobs are pruned
//
// What an execution is, and what it says:
//
//	override.go             its settings
//	conditions.go           its conditions
//	latest.go               whether it moves what shows the newest execution
//
// What a definition may export:
//
//	metricconflicts.go      which of several definitions has a metric of one name
//
// What pods may send (whether the disk has room is decided in report/reserve.go):
//
//	accept.go               whether a node task may report now, and for how long after its end
//	                        (nothing waits for that)
//	budget.go               how many results and events
//	budget_files.go         how many files, and how many bytes
//	rate.go                 rates; reviews.go: that of invalid service account tokens of an
//	                        address (all other denied requests: package callback/limits)
//	podtoken.go             whether what a service account token and its pod say proves the
//	                        node task; package auth has the token reviewed
package plan

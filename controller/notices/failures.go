package notices

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

const (
	// maxFailureEvents bounds how many node tasks of an execution have an event each:
	// the failures of thousands of nodes are summed up when the execution closes.
	maxFailureEvents = 20
	// maxFailureReasons bounds how many reasons that summary names.
	maxFailureReasons = 10
)

func isFailure(state execution.State) bool {
	return state == execution.Failed || state == execution.Lost
}

// TaskEndedBefore notes that a node task ended under an earlier leader, or in an earlier term:
// this leader continues the count of failures.
func (n *Notices) TaskEndedBefore(state execution.State) { n.countFailure(state) }

// TaskEnded writes an event about why a node task failed, about its Job or, without one, about
// the Execution.
func (n *Notices) TaskEnded(ctx context.Context, key execution.Key, job *batchv1.Job, ended execution.Task) {
	failures := n.countFailure(ended.Outcome.State)
	if !isFailure(ended.Outcome.State) || failures > maxFailureEvents {
		return
	}
	about := n.About
	if job != nil {
		about = kube.Reference("batch/v1", "Job", job)
	}
	message := fmt.Sprintf("node %s %s in execution %s: %s", key.Node, ended.Outcome.State, key.Execution, ended.Outcome.Reason)
	if ended.Message != "" {
		message += ": " + ended.Message
	}
	n.Announcer.Announce(ctx, about, true, kube.EventTaskFailed, execution.Truncate(message, kube.MaxEventMessage))
}

// countFailure returns how many node tasks have failed or were lost.
func (n *Notices) countFailure(state execution.State) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if isFailure(state) {
		n.failures++
	}
	return n.failures
}

// otherFailures returns how many node tasks failed and for which reasons, or nothing if
// each of them has an event.
func otherFailures(report execution.Report) string {
	reasons, failures := map[execution.Reason]int{}, 0
	for _, t := range report.Tasks {
		if isFailure(t.State) {
			reasons[t.Reason]++
			failures++
		}
	}
	if failures <= maxFailureEvents {
		return ""
	}
	var parts []string
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(a, b execution.Reason) int {
		return cmp.Or(reasons[b]-reasons[a], cmp.Compare(a, b))
	}) {
		parts = append(parts, fmt.Sprintf("%d %s", reasons[reason], reason))
	}
	if more := len(parts) - maxFailureReasons; more > 0 {
		parts = append(parts[:maxFailureReasons], fmt.Sprintf("and %d other reasons", more))
	}
	return fmt.Sprintf("%d node tasks failed or were lost, of which the first %d have an event each: %s", failures, maxFailureEvents, strings.Join(parts, ", "))
}

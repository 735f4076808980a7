package run

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

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

// announceFailure writes an event about why a node task failed, about its Job or, without
// one, about the record. The number of failures comes from the ledger, so that the next
// leader continues the count.
func (e *Execution) announceFailure(ctx context.Context, t task, ended execution.Task, failures int) {
	if !isFailure(ended.Outcome.State) || failures > maxFailureEvents {
		return
	}
	about := e.recordReference()
	if t.observed.Job != nil && !t.observed.Foreign {
		about = kube.Reference("batch/v1", "Job", t.observed.Job)
	}
	message := fmt.Sprintf("node %s %s in execution %s: %s", t.key.Node, ended.Outcome.State, t.key.Execution, ended.Outcome.Reason)
	if ended.Message != "" {
		message += ": " + ended.Message
	}
	e.Announcer.Announce(ctx, about, true, kube.EventTaskFailed, execution.Truncate(message, kube.MaxEventMessage))
}

// recordReference returns what an event about the execution refers to.
func (e *Execution) recordReference() corev1.ObjectReference {
	return kube.ExecutionReference(e.Record().Object)
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

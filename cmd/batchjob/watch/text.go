package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/forward"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// executionsTable lists the newest execution first; with several definitions, each with its
// own.
func executionsTable(executions []progress.Execution, several bool, now time.Time) string {
	head := "EXECUTION\tTRIGGER\tPHASE\tAGE\tDURATION\tNODES\tSUCCEEDED\tUNREPORTED\tFAILED\tLOST\tRUNNING\tPENDING\tSKIPPED\tCANCELED"
	if several {
		head = "NODECRONJOB\t" + head
	}
	return cli.Table(head, func(row func(...any)) {
		for _, e := range slices.Backward(executions) {
			cells := cellsOf(e, now)
			if several {
				cells = append([]any{cmp.Or(e.NodeCronJob, "-")}, cells...)
			}
			row(cells...)
		}
	})
}

func cellsOf(e progress.Execution, now time.Time) []any {
	if e.Unreadable != "" {
		return []any{cmp.Or(string(e.ID), e.Record), "-", e.Phase, "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"}
	}
	duration := "-"
	if !e.ClosedAt.IsZero() {
		duration = cli.HumanDuration(e.ClosedAt.Sub(e.Scheduled))
	}
	return []any{e.ID, e.Trigger, e.Phase, cli.HumanDuration(now.Sub(e.Scheduled)), duration, e.Nodes, e.Counts[execution.Succeeded],
		e.Counts[execution.Unreported], e.Counts[execution.Failed], e.Counts[execution.Lost], e.Running, e.Pending, e.Counts[execution.Skipped], e.Counts[execution.Canceled]}
}

// unreadableText lists the records that cannot be read, and why.
func unreadableText(executions []progress.Execution) string {
	var text strings.Builder
	for _, e := range slices.Backward(executions) {
		if e.Unreadable != "" {
			fmt.Fprintf(&text, "\nexecution/%s cannot be read: %s\n", e.Record, e.Unreadable)
		}
	}
	return text.String()
}

// askedText says that an execution is partial, who asked for it, and why.
func askedText(e progress.Execution) string {
	var words []string
	if e.Partial {
		words = append(words, "over some of the NodeCronJob's nodes only")
	}
	if e.RequestedBy != "" {
		words = append(words, "requested by "+e.RequestedBy)
	}
	if e.Reason != "" {
		words = append(words, "reason: "+e.Reason)
	}
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf("\nExecution %s: %s\n", e.ID, strings.Join(words, "; "))
}

// nodesTable says what is special about an execution, and lists the nodes that are bad, do not
// start, run for long, or were skipped.
func nodesTable(e progress.Execution) string {
	nodes := slices.Concat(e.Bad, e.Stuck, e.Long, e.Skipped)
	text := askedText(e)
	switch {
	case e.Excluded > 0 && e.Partial:
		text += fmt.Sprintf("\nNodes that jobNodeSelector or the pod template keeps out in %s: %d\n", e.ID, e.Excluded)
	case e.Excluded > 0:
		text += fmt.Sprintf("\nNodes that the pod template rules out in %s: %d\n", e.ID, e.Excluded)
	}
	if len(nodes) == 0 {
		return text
	}
	return text + fmt.Sprintf("\nNodes of %s to check:\n", e.ID) + cli.Table("NODE\tSTATE\tREASON", func(row func(...any)) {
		for _, n := range nodes {
			row(n.Name, n.State, n.Reason)
		}
	})
}

func executionText(e progress.Execution) string {
	text := fmt.Sprintf("execution %s closed after %s: %s\n", e.ID, cli.HumanDuration(e.ClosedAt.Sub(e.Scheduled)), e.Line())
	return text + nodesTable(e)
}

// afterExecution says what to do next. name is the name of the program.
func afterExecution(name string, i *cluster.Installation, services []corev1.Service, e progress.Execution) string {
	switch {
	case e.Unreadable != "":
		return ""
	case !e.Closed():
		text := fmt.Sprintf("\nTo wait for it: %s wait -n %s\n", name, i.Deployment.Namespace)
		if len(e.Stuck) > 0 {
			text += cluster.EndText(name, i.Namespace, e.Record) + "\n"
		}
		return text
	case len(e.Bad) > 0:
		return "\n" + logsText(i, e) + forward.Results(i, services, e)
	default:
		return "\n" + forward.Results(i, services, e)
	}
}

// logsText says how to read the logs of the pods of an execution.
func logsText(i *cluster.Installation, e progress.Execution) string {
	return fmt.Sprintf("Pod logs: kubectl -n %s logs --prefix --tail 20 -l batch-job-controller.io/execution=%s\n", i.Namespace, e.ID)
}

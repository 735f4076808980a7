package notices

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Closed counts, logs and announces that the execution has closed with a report.
func (n *Notices) Closed(ctx context.Context, report execution.Report) {
	counts, result := report.Count(), report.Result()
	n.countEnd(result, report.Closed, report.Closed.Sub(report.Scheduled))
	if n.isLast() {
		n.Metrics.SetLastReport(report)
	}
	n.Log.Info("execution closed", "execution", report.ID, "partial", report.Partial, "result", result, "bad", counts.Bad(),
		"succeeded", counts[execution.Succeeded], "unreported", counts[execution.Unreported], "failed", counts[execution.Failed],
		"lost", counts[execution.Lost], "skipped", counts[execution.Skipped], "canceled", counts[execution.Canceled])
	if more := otherFailures(report); more != "" {
		n.announce(ctx, true, kube.EventTaskFailed, more)
	}
	n.announce(ctx, counts.Bad() > 0, kube.EventExecutionClosed, summary(counts, report.Partial))
}

// Aborted counts that the execution ended without a report of this replica.
func (n *Notices) Aborted(at time.Time) { n.countEnd("aborted", at, 0) }

func (n *Notices) countEnd(result string, at time.Time, took time.Duration) {
	n.Metrics.ExecutionClosed(result, took)
	if n.isLast() {
		n.Metrics.SetLastExecution(result, at)
	}
}

// isLast reports whether the metrics of the last execution follow this one.
func (n *Notices) isLast() bool {
	return plan.Follows(plan.Followed{Partial: n.Partial}).LastExecution
}

func summary(counts execution.Counts, partial bool) string {
	if len(counts) == 0 {
		return "no node took part"
	}
	text := fmt.Sprintf("%s; %d need attention", counts, counts.Bad())
	if partial {
		text += "; partial: no other node was asked for"
	}
	return text
}

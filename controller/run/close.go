package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
)

// close stops accepting callbacks, writes the report, and then closes the record. If the
// process dies in between, the record and the disk show the next leader how far it got.
// A leader that has lost its Lease without noticing may still write the report: with no
// callback accepted since, its report is the same.
//
// It reports whether it took a step: otherwise it is to be called again.
func (e *Execution) close(ctx context.Context, fence lease.Fence, share shares.Step, ending *Ending) (done bool, err error) {
	e.mu.Lock()
	phase, closing := e.ledger.Phase(), e.next(e.ledger.Closing(), share)
	e.mu.Unlock()
	if phase == execution.Open {
		return e.writeAccount(ctx, fence, closing, ending) // which wakes the writer for the next step
	}
	report, err := e.writeReport()
	if err != nil {
		e.Metrics.StoreError("report")
		return false, err
	}
	e.mu.Lock()
	closed := e.next(e.ledger.Close(report), shares.Step{Share: execution.NoShare})
	e.mu.Unlock()
	done, err = e.swapAccount(ctx, fence, closed, ending)
	if done {
		ending.Closed = &report
	}
	return done, err
}

// writeReport waits for the callbacks that are being accepted, and writes the report. If an
// earlier leader has written one, that one stays, with what it lacks.
func (e *Execution) writeReport() (execution.Report, error) {
	e.mu.Lock()
	e.closing = true
	tasks := e.ledger.Tasks()
	e.mu.Unlock()
	e.taking.Wait()
	for i, t := range tasks {
		if !t.Reported {
			e.findResult(i)
		}
	}
	report, err := e.Reports.Report(e.id)
	if errors.Is(err, fs.ErrNotExist) {
		e.mu.Lock()
		report = e.ledger.Report(e.Clock.Now().UTC().Truncate(time.Second))
		e.mu.Unlock()
		err = nil
	}
	e.Results.Mend(&report)
	if err == nil { // also if it exists: the leader that wrote it may not have made it durable
		err = e.Reports.SaveReport(report)
	}
	if err == nil && e.Results.AddLate(report) {
		err = e.Reports.SaveReport(report)
	}
	if err != nil {
		return report, fmt.Errorf("report of execution %s: %w", e.id, err)
	}
	return report, nil
}

// AnnounceClosed counts, logs and announces that the execution has closed with a report.
func (e *Execution) AnnounceClosed(ctx context.Context, report execution.Report) {
	counts, result := report.Count(), report.Result()
	e.countClosed(result, report.Closed, report.Closed.Sub(report.Scheduled))
	if e.isLast() {
		e.Metrics.SetLastReport(report)
	}
	e.Log.Info("execution closed", "execution", report.ID, "partial", report.Partial, "result", result, "bad", counts.Bad(),
		"succeeded", counts[execution.Succeeded], "unreported", counts[execution.Unreported], "failed", counts[execution.Failed],
		"lost", counts[execution.Lost], "skipped", counts[execution.Skipped], "canceled", counts[execution.Canceled])
	about := e.recordReference()
	if more := otherFailures(report); more != "" {
		e.Announcer.Announce(ctx, about, true, kube.EventTaskFailed, more)
	}
	e.Announcer.Announce(ctx, about, counts.Bad() > 0, kube.EventExecutionClosed, summary(counts, report.Partial))
}

// CountAborted counts that the execution ended without a report of this replica.
func (e *Execution) CountAborted() {
	e.countClosed("aborted", e.Clock.Now(), 0)
}

func (e *Execution) countClosed(result string, at time.Time, took time.Duration) {
	e.Metrics.SetPool(0, e.Record().Plan.Settings.PodPoolSize)
	e.Metrics.SetShare(execution.NoShare)
	e.Metrics.ExecutionClosed(result, took)
	if e.isLast() {
		e.Metrics.SetLastExecution(result, at)
	}
}

// isLast reports whether the metrics of the last execution follow this one.
func (e *Execution) isLast() bool {
	return plan.Follows(plan.Followed{Partial: e.Record().Plan.Partial}).LastExecution
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

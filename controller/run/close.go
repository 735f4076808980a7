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
)

// close stops taking callbacks, writes the report, and then closes the
// record. Killed in between, the next leader finds how far it came. A leader
// that slept through its Lease may still write its report: as nothing was taken
// any more, it has nothing else to say.
func (e *Execution) close(ctx context.Context, fence lease.Fence, ending *Ending) error {
	e.mu.Lock()
	phase, closing := e.ledger.Phase(), e.ledger.Closing()
	e.mu.Unlock()
	if phase == execution.Open {
		return e.writeAccount(ctx, fence, closing, ending) // it has another turn at once
	}
	report, err := e.writeReport()
	if err != nil {
		e.Metrics.StoreError("report")
		return err
	}
	e.mu.Lock()
	account := e.ledger.Close(report)
	e.mu.Unlock()
	if err := e.swapAccount(ctx, fence, account, ending); err != nil || ending.ended() {
		return err
	}
	ending.Closed = &report
	return nil
}

// writeReport waits for the callbacks that are being taken, and writes down
// what came of the execution, unless an earlier leader has.
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
	if err == nil { // also if it is there: the leader that wrote it may have failed to make it durable
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

// AnnounceClosed counts, logs and announces that the execution has closed with the
// report.
func (e *Execution) AnnounceClosed(ctx context.Context, report execution.Report) {
	counts, result := report.Count(), report.Result()
	e.Metrics.SetPool(0, e.Record().Plan.Settings.PodPoolSize)
	e.Metrics.ExecutionClosed(result, report.Closed, report.Closed.Sub(report.Scheduled))
	e.Metrics.SetLastReport(report)
	e.Log.Info("execution closed", "execution", report.ID, "result", result, "bad", counts.Bad(),
		"succeeded", counts[execution.Succeeded], "unreported", counts[execution.Unreported], "failed", counts[execution.Failed],
		"lost", counts[execution.Lost], "skipped", counts[execution.Skipped])
	about := e.recordReference()
	if more := otherFailures(report); more != "" {
		e.Announcer.Announce(ctx, about, true, kube.EventTaskFailed, more)
	}
	e.Announcer.Announce(ctx, about, counts.Bad() > 0, kube.EventExecutionClosed, summary(counts))
}

// CountAborted counts that the execution ended without a report of this replica.
func (e *Execution) CountAborted() {
	e.Metrics.SetPool(0, e.Record().Plan.Settings.PodPoolSize)
	e.Metrics.ExecutionClosed("aborted", e.Clock.Now(), 0)
}

func summary(counts execution.Counts) string {
	if len(counts) == 0 {
		return "no node took part"
	}
	return fmt.Sprintf("%s; %d need attention", counts, counts.Bad())
}

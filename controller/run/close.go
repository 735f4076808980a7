package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
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

// AnnounceClosed tells people that the execution has closed with a report.
func (e *Execution) AnnounceClosed(ctx context.Context, report execution.Report) {
	e.showEmptyPool()
	e.notices.Closed(ctx, report)
}

// CountAborted counts that the execution ended without a report of this replica.
func (e *Execution) CountAborted() {
	e.showEmptyPool()
	e.notices.Aborted(e.Clock.Now())
}

// showEmptyPool shows that the execution has no node task in flight any more.
func (e *Execution) showEmptyPool() {
	e.Metrics.SetPool(0, e.Record().Plan.Settings.PodPoolSize)
	e.Metrics.SetShare(execution.NoShare)
}

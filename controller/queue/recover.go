package queue

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Recover rebuilds the executions in memory, and retries until that succeeds. It returns
// false if ctx ends first, or with a record.NewerError: retries would not help, but
// another replica may have the version that can read the record.
func (q *Queue) Recover(ctx context.Context) (done bool, err error) {
	clk, log := q.Opener.Clock, q.Opener.Log
	for pauses := backoff.New(time.Second, 15*time.Second, q.Opener.Jitter); ; {
		err := q.recover(ctx)
		var newer *record.NewerError
		switch {
		case err == nil:
			return true, nil
		case errors.As(err, &newer):
			return false, err
		case ctx.Err() != nil:
			return false, nil
		}
		log.Error("the executions could not be read, trying again", "error", err)
		if !timing.Sleep(ctx, clk, clk.Now().Add(pauses.Next()), nil) {
			return false, nil
		}
	}
}

// recover rebuilds the executions from the records, the Jobs and the report directory. It
// reads the records from the API server, because a cache may lack the last leader's
// writes.
func (q *Queue) recover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	state, err := q.ticker.ReadState(ctx)
	if err != nil {
		return err
	}
	all, err := q.Opener.Records.List(ctx)
	if err != nil {
		return err
	}
	if err := all.FirstOpen(); err != nil {
		return err
	}
	if err := all.Damage(); err != nil {
		q.Opener.Log.Error("damaged execution records stay unchanged", "error", err)
	}
	for _, e := range all.Newer {
		q.Opener.Log.Warn("an execution record of a later version stays unchanged", "execution", e.ID, "error", e)
	}
	onDisk := q.Results.Rebuild(all.Records, q.noteClosed)
	found := q.find(all, onDisk)
	if n := len(all.Closed); n > 0 {
		found.LastClosed = &all.Closed[n-1]
	}
	for _, head := range all.Opened() {
		if head.Scheduled.After(state.LastTick) {
			state.LastTick = head.Scheduled
		}
	}
	for id := range found.Known {
		state.Newest = max(state.Newest, id)
	}
	size := q.Definition().PodPoolSize
	if n := len(all.Records); n > 0 {
		size = all.Records[n-1].Plan.Settings.PodPoolSize
	}
	q.Metrics.SetPool(0, size)
	q.history.Resume(found)
	q.mu.Lock()
	q.backlog = all.Records
	if len(q.backlog) == 0 {
		q.active = nil
	}
	q.mu.Unlock()
	q.ticker.Resume(state)
	q.adoptOldest()
	q.history.RequestPrune()
	return nil
}

// noteClosed notes the report of an execution that closed before this term.
func (q *Queue) noteClosed(report execution.Report) {
	own := report.NodeCronJob == q.Definition().Name
	if own && plan.Follows(plan.Followed{Partial: report.Partial}).LastExecution {
		q.Metrics.SetLastExecution(report.Result(), report.Closed)
		q.Metrics.SetLastReport(report)
	}
}

// find returns the executions of the records and of the report directory.
func (q *Queue) find(records record.Listing, onDisk []execution.ID) history.Found {
	found := history.Found{Known: map[execution.ID]bool{}, LeftAlone: map[execution.ID]history.LeftAlone{}}
	for _, id := range onDisk {
		found.Known[id] = true
	}
	for _, head := range records.Opened() {
		found.Known[head.ID] = true
	}
	for _, e := range records.Damaged {
		if _, err := execution.ParseID(string(e.ID)); err != nil {
			continue // its label is not the ID of an execution
		}
		found.Known[e.ID] = true
		if e.Open {
			found.LeftAlone[e.ID] = history.LeftAlone{ID: e.ID, Since: q.Opener.Clock.Now(), Record: e.Reference}
		}
	}
	return found
}

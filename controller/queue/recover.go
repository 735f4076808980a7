package queue

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Recover rebuilds the executions in memory, and retries until that succeeds. It returns
// false if ctx ends first, or with a record.NewerError: retries would not help, but
// another replica may have the version that can read the record.
func (q *Queue) Recover(ctx context.Context) (done bool, err error) {
	clk, log := q.Opener.Clock, q.Opener.Log
	plans := map[types.UID]record.Record{} // of closed executions: a try continues where the last one failed
	for pauses := backoff.New(time.Second, 15*time.Second, q.Opener.Jitter); ; {
		err := q.recover(ctx, plans)
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
// writes. plans has the closed executions whose plans have been read.
func (q *Queue) recover(ctx context.Context, plans map[types.UID]record.Record) error {
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
	closed, err := q.loadClosed(ctx, all.Closed, plans)
	if err != nil {
		return err
	}
	records := slices.Concat(closed, all.Records)
	slices.SortFunc(records, func(a, b record.Record) int { return cmp.Compare(a.Plan.ID, b.Plan.ID) })
	stored := q.Results.Rebuild(records, func(closed execution.Report) {
		q.Metrics.SetLastExecution(closed.Result(), closed.Closed)
		q.Metrics.SetLastReport(closed)
	})
	found := q.find(all, stored.Executions)
	found.Losses = stored.Lost
	for _, head := range all.Opened() {
		if head.Scheduled.After(state.LastTick) {
			state.LastTick = head.Scheduled
		}
	}
	for id := range found.Known {
		state.Newest = max(state.Newest, id)
	}
	if n := len(records); n > 0 {
		q.Metrics.SetPool(0, records[n-1].Plan.Settings.PodPoolSize)
	}
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

// loadClosed reads the plans of closed executions, for the results that are exported of
// them. An execution whose plan is gone is omitted: its report suffices for the rest.
func (q *Queue) loadClosed(ctx context.Context, heads []record.Head, plans map[types.UID]record.Record) (closed []record.Record, err error) {
	for _, head := range heads {
		r, ok := plans[head.Object.UID]
		if !ok {
			r, err = q.Opener.Records.Load(ctx, head.Object)
		}
		var damaged *record.DamagedError
		switch {
		case errors.As(err, &damaged), apierrors.IsNotFound(err):
			q.Opener.Log.Warn("the plan of a closed execution cannot be read", "execution", head.ID, "error", err)
			continue
		case err != nil:
			return nil, err
		}
		plans[head.Object.UID] = r
		closed = append(closed, r)
	}
	return closed, nil
}

package controller

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// recoverUntilDone recovers, however often the API server does not answer. It
// returns false if ctx ends first. The error is a record.NewerError: to wait would not
// help, and another replica may be of the version that can go on.
func (m *Manager) recoverUntilDone(ctx context.Context) (done bool, err error) {
	for pauses := backoff.New(time.Second, 15*time.Second, m.Jitter); ; {
		err := m.recover(ctx)
		var newer *record.NewerError
		switch {
		case err == nil:
			return true, nil
		case errors.As(err, &newer):
			return false, err
		case ctx.Err() != nil:
			return false, nil
		}
		m.Log.Error("the executions could not be read, trying again", "error", err)
		if !timing.Sleep(ctx, m.Clock, m.Clock.Now().Add(pauses.Next()), nil) {
			return false, nil
		}
	}
}

// recover builds the memory anew from the execution records, the Jobs and the
// report directory. The records are read from the API server: a cache may be
// older than what the last leader wrote.
func (m *Manager) recover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	state, err := m.ticker.ReadState(ctx)
	if err != nil {
		return err
	}
	all, err := m.records.List(ctx)
	if err != nil {
		return err
	}
	if err := all.FirstOpen(); err != nil {
		return err
	}
	if err := all.Damage(); err != nil {
		m.Log.Error("execution records that cannot be read are left alone", "error", err)
	}
	for _, e := range all.Newer {
		m.Log.Warn("an execution record of a later version is left alone", "execution", e.ID, "error", e)
	}
	records := all.Records
	found := m.results.Rebuild(records, func(closed execution.Report) {
		m.Metrics.SetLastExecution(closed.Result(), closed.Closed)
		m.Metrics.SetLastReport(closed)
	})
	known := map[execution.ID]bool{}
	for _, id := range found.Executions {
		known[id] = true
	}
	var open []record.Record
	for _, r := range records {
		known[r.Plan.ID] = true
		if r.Plan.Scheduled.After(state.LastTick) {
			state.LastTick = r.Plan.Scheduled
		}
		if r.Account.Phase != execution.Closed {
			open = append(open, r)
		}
	}
	left := map[execution.ID]leftAlone{}
	for _, e := range all.Damaged {
		if _, err := execution.ParseID(string(e.ID)); err == nil {
			known[e.ID] = true
			if e.Open {
				left[e.ID] = leftAlone{id: e.ID, since: m.Clock.Now(), record: e.Reference}
			}
		}
	}
	for id := range known {
		state.Newest = max(state.Newest, id)
	}
	if n := len(records); n > 0 {
		m.Metrics.SetPool(0, records[n-1].Plan.Settings.PodPoolSize)
	}
	m.mu.Lock()
	m.known, m.backlog, m.leftAlone, m.damageAnnounced, m.losses = known, open, left, nil, found.Lost
	if len(open) == 0 {
		m.active = nil
	}
	m.mu.Unlock()
	m.ticker.Resume(state)
	m.adoptOldest()
	m.requestPrune()
	return nil
}

// adoptNext goes on with the oldest execution that an earlier leader left
// open, unless one is in flight.
func (m *Manager) adoptNext() {
	if m.current() == nil {
		m.adoptOldest()
	}
}

// adoptOldest goes on with the oldest execution that is left open, also in place
// of what an earlier term of this leader remembers of it. There is one at most,
// unless somebody meddled with the records.
func (m *Manager) adoptOldest() {
	m.mu.Lock()
	if len(m.backlog) == 0 {
		m.mu.Unlock()
		return
	}
	next := m.backlog[0]
	m.backlog = m.backlog[1:]
	m.mu.Unlock()
	m.Adopt(next, false)
}

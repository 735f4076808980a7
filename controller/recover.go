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
	e := m.findExecutions(all, found.Executions)
	for _, r := range records {
		if r.Plan.Scheduled.After(state.LastTick) {
			state.LastTick = r.Plan.Scheduled
		}
	}
	for id := range e.known {
		state.Newest = max(state.Newest, id)
	}
	if n := len(records); n > 0 {
		m.Metrics.SetPool(0, records[n-1].Plan.Settings.PodPoolSize)
	}
	m.mu.Lock()
	m.executions, m.damageAnnounced, m.losses = e, nil, found.Lost
	if len(e.backlog) == 0 {
		m.active = nil
	}
	m.mu.Unlock()
	m.ticker.Resume(state)
	m.adoptOldest()
	m.requestPrune()
	return nil
}

// executions are all that there are, besides the one that is active.
type executions struct {
	known   map[execution.ID]bool // all that left a record or a report
	backlog []record.Record       // those that are open, and are to be gone on with
	// leftAlone are those that are open as far as can be told: their records cannot be
	// read.
	leftAlone map[execution.ID]leftAlone
}

func noExecutions() executions {
	return executions{known: map[execution.ID]bool{}, leftAlone: map[execution.ID]leftAlone{}}
}

// findExecutions returns the executions of the records and of the report directory.
func (m *Manager) findExecutions(records record.Listing, onDisk []execution.ID) executions {
	found := noExecutions()
	for _, id := range onDisk {
		found.known[id] = true
	}
	for _, r := range records.Records {
		found.known[r.Plan.ID] = true
		if r.Account.Phase != execution.Closed {
			found.backlog = append(found.backlog, r)
		}
	}
	for _, e := range records.Damaged {
		if _, err := execution.ParseID(string(e.ID)); err != nil {
			continue // it was never an execution
		}
		found.known[e.ID] = true
		if e.Open {
			found.leftAlone[e.ID] = leftAlone{id: e.ID, since: m.Clock.Now(), record: e.Reference}
		}
	}
	return found
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
// unless a person has edited the records.
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

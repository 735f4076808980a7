package controller

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// recover rebuilds the executions in memory, and retries until that succeeds. It returns
// false if ctx ends first, or with a record.NewerError: retries would not help, but
// another replica may have the version that can read the record.
func (m *Manager) recover(ctx context.Context) (done bool, err error) {
	for pauses := backoff.New(time.Second, 15*time.Second, m.Jitter); ; {
		err := m.rebuild(ctx)
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

// rebuild rebuilds the executions from the records, the Jobs and the report directory. It
// reads the records from the API server, because a cache may lack the last leader's
// writes.
func (m *Manager) rebuild(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	all, err := m.records.List(ctx)
	if err != nil {
		return err
	}
	var open []record.Record
	for _, of := range all {
		if err := of.FirstOpen(); err != nil {
			return err
		}
		open = append(open, of.Records...)
	}
	for _, name := range m.toResume(all) {
		if q, isNew := m.queue(name); isNew {
			q.BeginTerm()
		}
	}
	reports := m.results.Rebuild(open, m.noteClosed)
	m.newest = ""
	for _, ids := range reports {
		for _, id := range ids {
			m.newest = max(m.newest, id)
		}
	}
	for _, q := range m.queues.all() {
		q.Resume(queue.Found{Records: all[q.Name], Reports: reports[q.Name], Newest: m.newest})
	}
	return nil
}

// toResume returns the definitions that have a NodeCronJob, or of which something is left that
// is more than history.
func (m *Manager) toResume(all map[string]record.Listing) []string {
	names := m.definitions.Names()
	for name, of := range all {
		if len(of.Records) > 0 || len(of.Damaged) > 0 {
			names = append(names, name)
		}
	}
	s := m.state.State()
	for _, entry := range s.Entries {
		names = append(names, entry.Definition)
	}
	for name := range s.Ticks {
		names = append(names, name)
	}
	return names
}

// noteClosed notes the report of an execution that closed before this term.
func (m *Manager) noteClosed(report execution.Report) {
	if q := m.queues.named(report.NodeCronJob); q != nil {
		q.NoteClosed(report)
	}
}

// readOf reads the records of a definition that appears while this replica leads.
func (m *Manager) readOf(ctx context.Context, name string) (record.Listing, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	found, err := m.records.ListOf(ctx, name)
	if err == nil {
		err = found.FirstOpen()
	}
	return found, err
}

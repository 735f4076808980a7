package controller

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

// The pause before an execution is run anew whose record another client wrote: that
// costs another request, and gives every task a turn.
const firstConflictPause, lastConflictPause = 500 * time.Millisecond, 10 * time.Second

// active is the execution that is open.
type active struct {
	*run.Execution
	budget *intake.Budget
}

// Adopt takes over an execution that is open: one just opened, or one that an earlier
// leader left.
func (m *Manager) Adopt(r record.Record, isNew bool) {
	p := r.Plan
	if err := m.Store.Begin(p.ID); err != nil {
		// What pods send is refused until the store works again; the Jobs run.
		m.Metrics.StoreError("begin")
		m.Log.Error("report directory not ready", "execution", p.ID, "error", err)
	}
	m.checkTLS(p)
	m.results.Begin(p)
	nodes := p.NodeNames()
	a := &active{budget: intake.NewBudget(m.source.Current().IntakeOf(p), p.Nodes, m.Store.Files(p.ID, nodes))}
	a.Execution = run.New(m.runDeps(p), run.Begun{
		Record:     r,
		New:        isNew,
		Extensions: m.extensionsOf(p.ID),
		Sent: func(index int) (result, file bool) {
			return m.results.Has(execution.Key{Execution: p.ID, Node: nodes[index]}), a.budget.HasFiles(index)
		},
	})
	m.mu.Lock()
	before := m.active
	m.active = a
	m.known[p.ID] = true
	m.mu.Unlock()
	if before != nil {
		before.Discard() // it may not have been run
	}
	select {
	case m.begun <- struct{}{}:
	default: // it is about to look anyway
	}
}

func (m *Manager) runDeps(p execution.Plan) run.Deps {
	return run.Deps{
		Controller: m.Options.Config.Name, Namespace: m.Namespace, Client: m.Client, Caches: m.caches, Records: m.records,
		Tokens: tokens.NewCreator(m.tokenOptions(), p), Host: m.newHost(), Results: m.results, Reports: m.Store, Logs: m.logs,
		Announcer: m.announcer, Metrics: m.Metrics, Clock: m.Clock, Steady: m.steady, Jitter: m.Jitter, Log: m.Log, Workers: m.Workers,
	}
}

func (m *Manager) tokenOptions() tokens.Options {
	return tokens.Options{Controller: m.Options.Config.Name, Namespace: m.Namespace, Client: m.Client, Keyring: m.Keyring, Log: m.Log}
}

// extensionsOf returns the extensions that an execution goes on with: those of its
// beginning, as long as this process remembers them.
func (m *Manager) extensionsOf(id execution.ID) []jobspec.EnvExtension {
	if a := m.current(); a != nil && a.ID() == id {
		return a.Extensions()
	}
	return m.source.Current().Extensions
}

// checkTLS logs that the pods of an execution were told another scheme than
// the port is served with now: they cannot report.
func (m *Manager) checkTLS(p execution.Plan) {
	if now := m.TLS != nil; p.Settings.CallbackTLS != now {
		m.Log.Error("callback.tls was changed while an execution is open: its pods cannot report until it is changed back",
			"execution", p.ID, "told", schemeOf(p.Settings.CallbackTLS), "served", schemeOf(now))
	}
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

// current returns the execution that is open, or nil.
func (m *Manager) current() *active {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.active
}

// runExecutions runs one open execution after the other, until ctx ends.
func (m *Manager) runExecutions(ctx context.Context, fence lease.Fence) {
	pauses := backoff.New(firstConflictPause, lastConflictPause, m.Jitter)
	for {
		a := m.current()
		if a == nil {
			select {
			case <-ctx.Done():
				return
			case <-m.begun:
				continue
			}
		}
		ending := a.Run(ctx, fence)
		m.end(ctx, a, ending)
		if ctx.Err() != nil {
			return
		}
		if ending.Written {
			pauses.Reset()
		}
		if ending.Overtaken != nil {
			timing.Sleep(ctx, m.Clock, m.Clock.Now().Add(pauses.Next()), nil)
		}
	}
}

// end does what follows from how the run of an execution ended.
func (m *Manager) end(ctx context.Context, a *active, ending run.Ending) {
	switch {
	case ending.Overtaken != nil:
		m.Log.Warn("another client wrote the execution record: it is run anew", "execution", a.ID())
		m.Adopt(*ending.Overtaken, false)
	case ending.Closed != nil:
		m.release(a)
		a.AnnounceClosed(ctx, *ending.Closed)
		m.requestPrune()
		m.adoptNext()
	case ending.Damaged != nil:
		m.Log.Error("execution given up: its record cannot be read any more, and is left alone", "execution", a.ID(), "error", ending.Damaged)
		m.noteLeftAlone(a.ID(), ending.Damaged)
		m.release(a)
		a.Abandon()
		m.requestPrune() // which announces it
		m.adoptNext()
	case ending.Aborted:
		m.release(a)
		a.Abandon()
		m.adoptNext()
	}
}

// release lets go of an execution.
func (m *Manager) release(a *active) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.active == a {
		m.active = nil
	}
}

package controller

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// recoverUntilDone recovers, however often the API server does not answer. It
// returns false if ctx ends first. The error is a newerError: to wait would not
// help, and another replica may be of the version that can go on.
func (c *Controller) recoverUntilDone(ctx context.Context) (done bool, err error) {
	for pauses := backoff.New(time.Second, 15*time.Second, c.Jitter); ; {
		err := c.recover(ctx)
		var newer *record.NewerError
		switch {
		case err == nil:
			return true, nil
		case errors.As(err, &newer):
			return false, err
		case ctx.Err() != nil:
			return false, nil
		}
		c.Log.Error("the executions could not be read, trying again", "error", err)
		if !c.sleepUntil(ctx, c.Clock.Now().Add(pauses.Next()), nil) {
			return false, nil
		}
	}
}

// recover builds the memory anew from the execution records, the Jobs and the
// report directory. The records are read from the API server: a cache may be
// older than what the last leader wrote.
func (c *Controller) recover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	state, err := c.readState(ctx)
	if err != nil {
		return err
	}
	all, err := c.records.List(ctx)
	if err != nil {
		return err
	}
	if err := all.FirstOpen(); err != nil {
		return err
	}
	if err := all.Damage(); err != nil {
		c.Log.Error("execution records that cannot be read are left alone", "error", err)
	}
	for _, e := range all.Newer {
		c.Log.Warn("an execution record of a later version is left alone", "execution", e.ID, "error", e)
	}
	records := all.Records
	known, lost := c.rebuildResults(records)
	c.noteLosses(lost)
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
				left[e.ID] = leftAlone{id: e.ID, since: c.Clock.Now(), record: e.Reference}
			}
		}
	}
	for id := range known {
		state.Newest = max(state.Newest, id)
	}
	if n := len(records); n > 0 {
		c.Metrics.SetPool(0, records[n-1].Plan.Settings.PodPoolSize)
	}
	c.mu.Lock()
	c.known, c.backlog, c.leftAlone, c.damagedTold = known, open, left, nil
	if len(open) == 0 {
		c.open = nil
	}
	c.mu.Unlock()
	c.state, c.unanswered = state, c.Clock.Now()
	c.adoptOldest()
	c.requestPrune()
	return nil
}

// isKnown reports whether the execution has left a record or a report.
func (c *Controller) isKnown(id execution.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id]
}

// adoptNext goes on with the oldest execution that an earlier leader left
// open, unless one is in flight.
func (c *Controller) adoptNext() {
	if c.current() == nil {
		c.adoptOldest()
	}
}

// adoptOldest goes on with the oldest execution that is left open, also in place
// of what an earlier term of this leader remembers of it. There is one at most,
// unless somebody meddled with the records.
func (c *Controller) adoptOldest() {
	c.mu.Lock()
	if len(c.backlog) == 0 {
		c.mu.Unlock()
		return
	}
	next := c.backlog[0]
	c.backlog = c.backlog[1:]
	c.mu.Unlock()
	c.adopt(next, false)
}

// restore builds the ledger of a record, and fills in what the record does not
// hold: which tasks have reported is on disk, the times of those that ended
// are on their Jobs.
func (c *Controller) restore(r record.Record) *openExecution {
	open := &openExecution{
		record:    r,
		config:    c.configFor(r.Plan.ID),
		ledger:    execution.NewLedger(r.Plan, r.Account),
		tasks:     make([]taskMemory, len(r.Plan.Nodes)),
		nodeNames: nodeNames(r.Plan),
		id:        r.Plan.ID,
		auth:      r.Plan.Settings.CallbackAuth,
		tokens:    newTokenChunks(r.Plan),
		quota:     c.newQuota(r),
		told:      map[string]bool{},
	}
	now := c.Clock.Now()
	for i, t := range open.ledger.Tasks() {
		key := execution.Key{Execution: r.Plan.ID, Node: t.Node.Name}
		open.tasks[i].grantedAt = now
		if c.Store.HasResult(key) {
			c.noteReported(open, i)
		}
		if open.quota.hasFiles(i) {
			c.noteHeard(open, i)
		}
		if !t.Outcome.State.Final() {
			continue
		}
		if isFailure(t.Outcome.State) {
			open.failures++
		}
		if end := c.endOf(r, key); end != nil {
			open.ledger.Finish(i, end.At(now))
		}
		t, _ = open.ledger.Task(key.Node)
		c.exportOutcome(key, t.Duration().Milliseconds(), t.Bad())
	}
	return open
}

// configFor returns the configuration that an execution goes on with where its
// record does not say: that of its beginning, as long as this process remembers
// it.
func (c *Controller) configFor(id execution.ID) *snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil && c.open.id == id {
		return c.open.config
	}
	return c.config()
}

// endOf returns how the cache says a task ended, or nil.
func (c *Controller) endOf(r record.Record, key execution.Key) *execution.End {
	job := c.caches.Job(c.Namespace, jobspec.JobName(c.config().Name, key))
	if job == nil || !jobspec.Owned(job, r.Owner(), key) {
		return nil
	}
	run := plan.Observe(job, c.caches.PodsOf(job, key))
	if run.End == nil {
		return run.Doomed
	}
	return run.End
}

// rebuildResults exports again what the report directory holds, and nothing
// else. It returns the executions that have a report there, and what is missing
// of the one that closed last, or nil.
func (c *Controller) rebuildResults(records []record.Record) (known map[execution.ID]bool, lost *losses) {
	known = map[execution.ID]bool{}
	nodesOf := map[execution.ID][]string{}
	for _, r := range records {
		nodesOf[r.Plan.ID] = nodeNames(r.Plan)
	}
	ids, err := c.Store.Executions()
	if err != nil {
		c.Metrics.StoreError("list")
		c.Log.Error("reports not read", "error", err)
		return known, nil
	}
	c.Results.Keep(ids)
	for _, r := range records {
		c.useGauges(r.Plan)
	}
	found := make(map[execution.ID]stored, len(ids))
	for _, id := range ids {
		known[id] = true
		found[id] = c.rebuildExecution(id, nodesOf[id])
	}
	return known, c.findLosses(records, found)
}

func (c *Controller) rebuildExecution(id execution.ID, nodes []string) stored {
	c.Results.Begin(id)
	has := stored{results: map[string]bool{}}
	report, err := c.Store.Report(id)
	has.reportIsGone = errors.Is(err, fs.ErrNotExist)
	if err == nil {
		if has.mended = c.mendReport(&report); len(has.mended) > 0 {
			if err := c.Store.SaveReport(report); err != nil { // the next leader finds it too
				c.Metrics.StoreError("report")
				c.Log.Error("report not mended", "execution", id, "error", err)
			}
		}
		c.Metrics.SetLastExecution(resultOf(report), report.Closed)
		c.Metrics.SetLastReport(report)
		nodes = nil
		for _, t := range report.Tasks {
			if t.State == execution.Skipped && t.Reason != execution.NodeGone {
				continue // left out at the tick
			}
			nodes = append(nodes, t.Node)
			c.exportOutcome(execution.Key{Execution: id, Node: t.Node}, t.DurationMS, t.Bad())
		}
		c.Results.SetPods(len(nodes))
	}
	for node, body := range c.Store.Results(id, nodes) {
		has.results[node] = c.exportResult(execution.Key{Execution: id, Node: node}, body)
	}
	return has
}

// exportResult exports a result from the disk, if it can be read.
func (c *Controller) exportResult(key execution.Key, body []byte) (exported bool) {
	samples, err := c.Results.DecodeFor(key, body)
	if err != nil {
		// The gauges may have been configured otherwise when it was sent.
		c.Log.Debug("stored result not exported", "execution", key.Execution, "node", key.Node, "error", err)
		return false
	}
	c.export(key, samples)
	return true
}

func nodeNames(p execution.Plan) []string {
	names := make([]string, 0, len(p.Nodes))
	for _, node := range p.Nodes {
		names = append(names, node.Name)
	}
	return names
}

package controller

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// recover builds the memory anew from the execution records, the Jobs and the
// report directory, and returns which tick was dealt with last. The records
// are read from the API server: a cache may be older than what the last leader
// wrote.
func (c *Controller) recover(ctx context.Context) (last time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if last, err = c.lastTick(ctx); err != nil {
		return last, err
	}
	records, err := c.records.list(ctx)
	var damaged *damagedError
	switch {
	case errors.As(err, &damaged):
		c.Log.Error("execution records that cannot be read are left alone", "error", damaged)
	case err != nil:
		return last, err
	}
	c.rebuildResults(records)
	for _, r := range records {
		if last.Before(r.plan.Scheduled) {
			last = r.plan.Scheduled
		}
		c.known[r.plan.ID] = true
		if r.account.Phase == execution.Open {
			c.backlog = append(c.backlog, r)
		}
	}
	c.adoptNext()
	c.requestPrune()
	if last.IsZero() {
		last = c.Clock.Now() // the first start: nothing was missed
	}
	return last, nil
}

// adoptNext goes on with the oldest execution that an earlier leader left
// open. There is one at most, unless somebody meddled with the records.
func (c *Controller) adoptNext() {
	c.mu.Lock()
	if len(c.backlog) == 0 {
		c.mu.Unlock()
		return
	}
	next := c.backlog[0]
	c.backlog = c.backlog[1:]
	c.mu.Unlock()
	c.adopt(next)
}

// restore builds the ledger of a record, and fills in what the record does not
// hold: which tasks have reported is on disk, the times of those that ended
// are on their Jobs.
func (c *Controller) restore(r record) *openExecution {
	open := &openExecution{
		record:    r,
		ledger:    execution.NewLedger(r.plan, r.account),
		tasks:     make([]taskMemory, len(r.plan.Nodes)),
		nodeNames: nodeNames(r.plan),
	}
	now := c.Clock.Now()
	for i, t := range open.ledger.Tasks() {
		key := execution.Key{Execution: r.plan.ID, Node: t.Node.Name}
		open.tasks[i].grantedAt = now
		if c.Store.HasResult(key) {
			open.ledger.NoteReported(i)
		}
		if !t.Outcome.State.Final() {
			continue
		}
		if end := c.endOf(r, key); end != nil {
			open.ledger.Finish(i, end.At(now))
		}
		t, _ = open.ledger.Task(key.Node)
		c.Results.SetTask(key, t.Duration().Milliseconds(), t.Bad())
	}
	return open
}

// endOf returns how the cache says a task ended, or nil.
func (c *Controller) endOf(r record, key execution.Key) *execution.End {
	job := c.caches.job(c.Namespace, jobspec.JobName(c.Config.Name, key))
	if job == nil || !jobspec.Owned(job, r.owner(), key) {
		return nil
	}
	run := plan.Observe(job, c.caches.podsOf(job, key))
	if run.End == nil {
		return run.Doomed
	}
	return run.End
}

// rebuildResults exports again what the report directory holds.
func (c *Controller) rebuildResults(records []record) {
	nodesOf := map[execution.ID][]string{}
	for _, r := range records {
		nodesOf[r.plan.ID] = nodeNames(r.plan)
	}
	ids, err := c.Store.Executions()
	if err != nil {
		c.Metrics.StoreError("list")
		c.Log.Error("reports not read", "error", err)
		return
	}
	for _, id := range ids {
		c.known[id] = true
		c.rebuildExecution(id, nodesOf[id])
	}
}

func (c *Controller) rebuildExecution(id execution.ID, nodes []string) {
	c.Results.Begin(id)
	if report, err := c.Store.Report(id); err == nil {
		nodes = nil
		c.Metrics.SetLastExecution(resultOf(report), report.Closed)
		for _, t := range report.Tasks {
			nodes = append(nodes, t.Node)
			if t.State != execution.Skipped {
				bad := t.State != execution.Succeeded || !t.Reported
				c.Results.SetTask(execution.Key{Execution: id, Node: t.Node}, t.DurationMS, bad)
			}
		}
		c.Results.SetPods(len(nodes))
	}
	for node, body := range c.Store.Results(id, nodes) {
		key := execution.Key{Execution: id, Node: node}
		samples, err := c.Results.DecodeFor(key, body)
		if err != nil {
			// The gauges may have been configured otherwise when it was sent.
			c.Log.Debug("stored result not exported", "execution", id, "node", node, "error", err)
			continue
		}
		c.Results.SetResult(key, samples)
	}
}

func nodeNames(p execution.Plan) []string {
	names := make([]string, 0, len(p.Nodes))
	for _, node := range p.Nodes {
		names = append(names, node.Name)
	}
	return names
}

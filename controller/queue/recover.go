package queue

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Found is what a leader finds of a definition: its executions in the API server, because a
// cache may lack the last leader's writes, and its reports in the directory.
type Found struct {
	Records record.Listing
	Reports []execution.ID
	// Newest is the newest ID in the report directory, of any definition: the state, which
	// allocates IDs for all of them, may have been deleted.
	Newest execution.ID
}

// Resume rebuilds the executions in memory from what was found, and from the Jobs.
func (q *Queue) Resume(all Found) {
	found := q.find(all.Records, all.Reports)
	q.resume(all.Records, found, all.Newest)
}

func (q *Queue) resume(all record.Listing, found history.Found, newest execution.ID) {
	if err := all.Damage(); err != nil {
		q.Opener.Log.Error("damaged execution records stay unchanged", "error", err)
	}
	for _, e := range all.Newer {
		q.Opener.Log.Warn("an execution record of a later version stays unchanged", "execution", e.ID, "error", e)
	}
	if n := len(all.Closed); n > 0 {
		found.LastClosed = &all.Closed[n-1]
	}
	size := q.Definition().PodPoolSize
	if n := len(all.Records); n > 0 {
		size = all.Records[n-1].Plan.Settings.PodPoolSize
	}
	q.Metrics.SetPool(0, size)
	q.history.Resume(found)
	q.mu.Lock()
	q.backlog, q.lastClosed = all.Records, newestWhole(all.Closed)
	if len(q.backlog) == 0 {
		q.active = nil
	}
	q.mu.Unlock()
	q.told = told{}
	newest = max(newest, q.Jobs.NewestExecution())
	for id := range found.Known {
		newest = max(newest, id)
	}
	q.door.Resume(all, newest, KnownTicks(all.Opened(), q.Definition().TicksOf()))
	q.adoptOldest()
	q.history.RequestPrune()
}

// NoteClosed notes the report of an execution that closed before this term.
func (q *Queue) NoteClosed(report execution.Report) {
	if plan.Follows(plan.Followed{Partial: report.Partial}).LastExecution {
		q.Metrics.SetLastExecution(report.Result(), report.Closed)
		q.Metrics.SetLastReport(report)
	}
}

// restoreResults exports the results in the report directory, if that was asked for.
func (q *Queue) restoreResults() {
	if !q.restore.Swap(false) {
		return
	}
	for _, id := range q.Results.Restore(q.Name, q.NoteClosed) {
		q.history.Add(id)
	}
}

// find returns the executions of the records and of the report directory.
func (q *Queue) find(records record.Listing, onDisk []execution.ID) history.Found {
	found := history.Found{Known: map[execution.ID]bool{}}
	for _, id := range onDisk {
		found.Known[id] = true
	}
	for _, head := range records.Opened() {
		found.Known[head.ID] = true
	}
	for _, e := range records.Damaged {
		if _, err := execution.ParseID(string(e.ID)); err == nil {
			found.Known[e.ID] = true
		}
	}
	return found
}

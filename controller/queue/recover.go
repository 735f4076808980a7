package queue

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Found is what a leader finds of a definition: its executions in the API server, because a
// cache may lack the last leader's writes, and its reports in the directory.
type Found struct {
	Records record.Listing
	Reports []execution.ID
}

// Resume rebuilds the executions in memory from what was found, and from the Jobs.
func (q *Queue) Resume(all Found) {
	found := q.find(all.Records, all.Reports)
	q.resume(all.Records, found)
}

func (q *Queue) resume(all record.Listing, found history.Found) {
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
	q.backlog, q.holds, q.lastClosed, q.stopped = all.Records, map[string]hold{}, newestWhole(all.Closed), q.lastStopped(all.Closed)
	if len(q.backlog) == 0 {
		q.active = nil
	}
	q.mu.Unlock()
	q.holdFound(all)
	q.openDoor(all, found)
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

// holdFound notes which executions are open, and which have closed and may have an entry.
func (q *Queue) holdFound(all record.Listing) {
	for _, r := range all.Records {
		q.hold(hold{Entry: entryOf(r.Object, r.Plan.ID), is: runs, about: kube.ExecutionReference(r.Object)})
	}
	for _, head := range all.Closed {
		q.hold(hold{Entry: entryOf(head.Object, head.ID), is: over})
	}
	for _, e := range all.Rejected {
		q.hold(hold{Entry: entryOf(e, ""), is: over})
	}
	for _, e := range all.Damaged {
		q.hold(q.aloneHold(plan.Entry{
			UID: string(e.Reference.UID), Name: e.Reference.Name, Definition: q.Name, ID: e.ID, Share: e.Share,
		}, e))
	}
}

// openDoor begins with the Executions that wait.
func (q *Queue) openDoor(all record.Listing, found history.Found) {
	q.door, q.savePauses, q.saveAgain, q.told = newDoor(), nil, time.Time{}, told{}
	now := q.Opener.Clock.Now()
	for _, e := range all.Waiting {
		q.door.add(e, now, e.DeletionTimestamp == nil)
	}
	q.newest = q.Jobs.NewestExecution()
	for id := range found.Known {
		q.newest = max(q.newest, id)
	}
	q.ticker.Resume(KnownTicks(all.Opened(), q.Definition().TicksOf()), q.door.executions())
}

// KnownTicks returns what Executions that were opened show of the ticks of a definition.
func KnownTicks(opened []record.Head, of plan.TicksOf) plan.State {
	ticks := plan.Ticks{UID: of.UID, Schedule: of.Schedule}
	for _, head := range opened {
		if head.Object.Spec.NodeCronJobName != of.Name {
			continue
		}
		if head.Object.Spec.Trigger == v1alpha1.CronTrigger && head.Scheduled.After(ticks.Last) {
			ticks.Last, ticks.Execution = head.Scheduled.UTC().Truncate(time.Second), string(head.Object.UID)
		}
		if at := head.Object.Status.OpenTime; at != nil && at.After(ticks.Opened) {
			ticks.Opened = at.UTC().Truncate(time.Second)
		}
	}
	if ticks.Last.IsZero() {
		return plan.State{}
	}
	if created := of.Created.UTC().Truncate(time.Second); created.After(ticks.Last) {
		ticks.Last, ticks.Execution = created, "" // those are of an earlier NodeCronJob of the name
	}
	return plan.State{Ticks: map[string]plan.Ticks{of.Name: ticks}}
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

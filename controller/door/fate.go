package door

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// EndStop notes that an execution has closed, if it was stopped, so that what waits for it may
// still open. It is called while the execution is still the open one.
func (d *Door) EndStop(r record.Record) {
	uid := string(r.Object.UID)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped.uid == uid || r.Steering().Cancel == plan.CancelStop {
		d.stopped = stopping{uid: uid, until: d.Opener.Clock.Now()}
	}
}

// Release notes what is known of an execution that is not open any more, and looks what may
// follow it.
func (d *Door) Release(r record.Record, is Fate) {
	h := hold{is: is}
	if is == Alone {
		h = aloneSince(d.Opener.Clock.Now())
	}
	h.Entry, h.about = record.EntryOf(r.Object, r.Plan.ID), kube.ExecutionReference(r.Object)
	d.hold(h)
	d.Wake()
}

// aloneSince says of an execution that it is left alone from a time on.
func aloneSince(now time.Time) hold { return hold{is: Alone, since: now, look: now} }

// leaveAlone notes an execution whose record was damaged before this leader knew of it. Its
// tick has had its execution, and does not get another one.
func (d *Door) leaveAlone(e plan.Entry, damaged *record.DamagedError) {
	d.Opener.Log.Error("execution aborted: its record is damaged, and stays unchanged", "execution", e.ID, "error", damaged)
	h := d.aloneHold(e, damaged)
	d.hold(h)
	if h.ID != "" {
		d.History.Add(h.ID)
	}
	d.History.RequestPrune() // which also announces the damage
}

// aloneHold returns what is known of an execution whose record is damaged. The ID under which
// the state has it is that of its Jobs.
func (d *Door) aloneHold(e plan.Entry, damaged *record.DamagedError) hold {
	h := aloneSince(d.Opener.Clock.Now())
	h.Entry, h.about = e, damaged.Reference
	if entry, ok := d.Opener.State.State().Entry(e.UID); ok {
		h.ID = entry.ID
	}
	if _, err := execution.ParseID(string(h.ID)); err != nil {
		h.ID = ""
	}
	if h.ID == "" || !damaged.Open {
		h.is = Over
	}
	return h
}

// holdFound notes which executions are open, and which have closed and may have an entry.
func (d *Door) holdFound(all record.Listing) {
	for _, r := range all.Records {
		d.hold(hold{Entry: record.EntryOf(r.Object, r.Plan.ID), is: runs, about: kube.ExecutionReference(r.Object)})
	}
	for _, head := range all.Closed {
		d.hold(hold{Entry: record.EntryOf(head.Object, head.ID), is: Over})
	}
	for _, e := range all.Rejected {
		d.hold(hold{Entry: record.EntryOf(e, ""), is: Over})
	}
	for _, e := range all.Damaged {
		d.hold(d.aloneHold(plan.Entry{
			UID: string(e.Reference.UID), Name: e.Reference.Name, Definition: d.Name, ID: e.ID, Share: e.Share,
		}, e))
	}
}

// takeOver takes over an open execution.
func (d *Door) takeOver(r record.Record, isNew bool) {
	d.hold(hold{Entry: record.EntryOf(r.Object, r.Plan.ID), is: runs, about: kube.ExecutionReference(r.Object)})
	d.Running.TakeOver(r, isNew)
}

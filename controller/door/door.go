package door

import (
	"context"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Metrics counts what becomes of Executions that wait.
type Metrics interface {
	ExecutionRejected(reason string)
	SetQueued(n int)
}

// Executions is the replica's cache of Executions. It may lag.
type Executions interface {
	// ExecutionsOf returns those of a definition, without their accounts.
	ExecutionsOf(definition string) []*v1alpha1.Execution
}

// Presence is whether there is a NodeCronJob.
type Presence int

// The presences.
const (
	Absent  Presence = iota // there is none, or it is being deleted
	Present                 // it is this controller's, or no controller has taken it yet
	Foreign                 // it is another controller's, and so are its Executions
)

// NodeCronJob is the NodeCronJob of the executions.
type NodeCronJob interface {
	// Cached returns what the replica's cache shows. It may lag.
	Cached() Presence
	// Find asks the API server.
	Find(ctx context.Context) (Presence, error)
}

// Running has the executions that this replica runs: the open one, and more if a person has
// edited the records.
type Running interface {
	// TakeOver runs an open execution, after the one that runs already. It is new if this
	// leader has just opened it.
	TakeOver(r record.Record, isNew bool)
	// RecordOf returns the record of an execution by the UID of its Execution.
	RecordOf(uid string) (r record.Record, ok bool)
	// ReadAgain has the run of an execution read its Execution again.
	ReadAgain(uid string)
}

// Queue is the queue that the door is of. The door calls it whenever it looks for what is to
// be done.
type Queue interface {
	// IsIdle reports whether no execution is open, and none follows.
	IsIdle() bool
	// Restore exports the results in the report directory, if that was asked for.
	Restore()
	// TellStatus reports what the status of the NodeCronJob should say.
	TellStatus(lastTick, nextTick time.Time)
}

// History has the executions that are not open.
type History interface {
	pruner
	// Add adds an execution, which has a record.
	Add(id execution.ID)
	// MayRun reports whether a Job or a pod of an execution may run.
	MayRun(ctx context.Context, id execution.ID) (bool, error)
}

type pruner interface {
	// RequestPrune has the history pruned soon.
	RequestPrune()
	// IsPending reports whether a prune that was requested has not ended.
	IsPending() bool
}

// Options are the options of a Door.
type Options struct {
	NodeCronJob NodeCronJob
	Name        string // of the NodeCronJob
	Opener      definition.OpenerOptions
	Executions  Executions
	Start       definition.Start // of this process
	Running     Running
	Queue       Queue
	History     History
	Metrics     Metrics
}

// Door decides about the Executions of one definition that wait.
type Door struct {
	Options
	source *definition.Source
	opener *definition.Opener
	ticker *definition.Ticker
	wake   chan struct{} // wakes Run: there may be an execution to open

	// What follows is of the term, and only Run uses it.
	line       *line
	newest     execution.ID     // that a record, a report or a Job has
	savePauses *backoff.Backoff // of the state; nil: the last try succeeded
	saveAgain  time.Time
	nextTick   time.Time

	mu      sync.Mutex      // guards what follows
	holds   map[string]hold // executions that were opened, or may have been, by UID
	stopped stopping        // the last one that is or was stopped while others wait
}

// New returns the door of a definition.
func New(o Options) *Door {
	d := &Door{Options: o, source: o.Opener.Source, wake: o.Opener.Source.Changed(), line: newLine(), holds: map[string]hold{}}
	d.opener = definition.NewOpener(o.Opener)
	d.ticker = definition.NewTicker(d.opener, o.Start)
	return d
}

// Resume begins a term with the records that a leader has found, the newest ID that anything
// has, and what the records show of the ticks.
func (d *Door) Resume(all record.Listing, newest execution.ID, known plan.State) {
	d.mu.Lock()
	d.holds, d.stopped = map[string]hold{}, lastStopped(all.Closed)
	d.mu.Unlock()
	d.holdFound(all)
	d.line, d.savePauses, d.saveAgain = newLine(), nil, time.Time{}
	now := d.Opener.Clock.Now()
	for _, e := range all.Waiting {
		d.line.add(e, now, e.DeletionTimestamp == nil)
	}
	d.newest = newest
	d.ticker.Resume(known, d.line.executions())
}

// Forget forgets the executions: another replica leads.
func (d *Door) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.holds = map[string]hold{}
}

// Wake makes the door look for what is to be done.
func (d *Door) Wake() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake already
	}
}

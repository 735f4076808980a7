package queue

import (
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/door"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// Directory stores the reports of executions.
type Directory interface {
	// Begin creates the execution's directory, and stores in it what the execution is.
	Begin(id execution.ID, about execution.About) error
	// Files yields the node and the size of each file of an execution's nodes.
	Files(id execution.ID, nodes []string) iter.Seq2[string, int64]
}

// Metrics shows the progress of executions.
type Metrics interface {
	door.Metrics
	StoreError(operation string)
	SetPool(inFlight, size int)
	SetLastExecution(result string, closed time.Time)
	SetLastReport(r execution.Report)
	// Forget resets what only a leader knows.
	Forget()
}

// Jobs is the replica's cache of Jobs.
type Jobs interface {
	// NewestExecution returns the newest execution that has a Job; nothing if none has.
	NewestExecution() execution.ID
}

// NodeCronJob is the NodeCronJob of the executions.
type NodeCronJob interface {
	door.NodeCronJob
	// Report changes its status, if this replica leads.
	Report(change func(*v1alpha1.NodeCronJobStatus))
}

// Options are the options of a Queue.
type Options struct {
	NodeCronJob NodeCronJob
	Name        string // of the NodeCronJob
	Opener      definition.OpenerOptions
	Executions  door.Executions
	Jobs        Jobs
	Start       definition.Start // of this process
	// History is without IsOpen: the Queue knows which execution is open.
	History history.Options
	// Deps returns what an execution is run with.
	Deps func(p execution.Plan) run.Deps
	// ConfigMap returns whether the definition is that of the controller's ConfigMap, and
	// whether that has one: the link to the newest report follows its executions.
	ConfigMap func() (ofIt, has bool)
	Results   *intake.Results
	Directory Directory
	Metrics   Metrics
}

// Queue has the executions of one definition.
type Queue struct {
	Options
	source  *definition.Source
	door    *door.Door
	history *history.History
	begun   chan struct{} // wakes runExecutions: there may be an execution to run
	told    told          // of the term; only the goroutine of the door uses it

	restore atomic.Bool // the results in the report directory are to be exported

	mu      sync.Mutex      // guards what follows
	active  *active         // the open execution; nil: none is open
	backlog []record.Record // more open executions: a person has edited the records
	// lastClosed is the newest closed execution over all nodes; nil: there is none.
	lastClosed *v1alpha1.Execution
}

// active is the execution that is open.
type active struct {
	*run.Execution
	budget *intake.Budget
}

// New returns the queue of a definition.
func New(o Options) *Queue {
	q := &Queue{Options: o, source: o.Opener.Source, begun: make(chan struct{}, 1)}
	o.History.IsOpen = func(id execution.ID) bool { a := q.current(); return a != nil && a.ID() == id }
	q.history = history.New(o.History)
	q.door = door.New(door.Options{
		NodeCronJob: o.NodeCronJob, Name: o.Name, Opener: o.Opener, Executions: o.Executions, Start: o.Start,
		Running: running{q}, Queue: running{q}, History: q.history, Metrics: o.Metrics,
	})
	return q
}

// Definition returns the definition that applies now, or did last.
func (q *Queue) Definition() *definition.Definition { return q.source.Latest() }

// BeginTerm prepares for another term of this leader.
func (q *Queue) BeginTerm() { q.history.BeginTerm() }

// Forget forgets the executions: another replica leads.
func (q *Queue) Forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.active, q.backlog, q.lastClosed = nil, nil, nil
	q.door.Forget()
	q.history.Forget()
	q.Metrics.Forget()
}

// Wake makes the queue look whether its NodeCronJob still exists.
func (q *Queue) Wake() { q.door.Wake() }

// RestoreResults exports the results in the report directory: the definition exports its
// metrics again.
func (q *Queue) RestoreResults() {
	q.restore.Store(true)
	q.door.Wake()
}

// TaskChanged gives a node task a turn.
func (q *Queue) TaskChanged(key execution.Key) {
	if a := q.current(); a != nil && a.ID() == key.Execution {
		a.TaskChanged(key.Node)
	}
}

// ExecutionChanged notes that an Execution was created or deleted, or that its spec was
// changed: a run reads it again, and one that waits may be opened.
func (q *Queue) ExecutionChanged(object execution.Object) {
	running{q}.ReadAgain(object.UID)
	q.door.Wake()
}

// NodeChanged gives the node's task of the open execution a turn.
func (q *Queue) NodeChanged(node string) {
	if a := q.current(); a != nil {
		a.TaskChanged(node)
	}
}

// current returns the open execution, or nil.
func (q *Queue) current() *active {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.active
}

package run

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/notices"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

const (
	// DefaultWorkers is how many node tasks have a turn at the same time. A worker is
	// busy for as long as the API server takes to create a Job.
	DefaultWorkers = 16
	// logWorkers is how many tasks' logs are saved at once. docs/reliability.md has it too.
	logWorkers = 8
)

// Results has what pods have reported, and exports it.
type Results interface {
	// Find exports a stored result that another process accepted. It reports whether
	// there is one.
	Find(key execution.Key) bool
	// SetTask exports a node task's duration, and whether it is bad.
	SetTask(key execution.Key, durationMS int64, bad bool)
	ReportResults
}

// ReportResults completes a report.
type ReportResults interface {
	// Mend changes the node tasks of a report whose results no longer exist: they are
	// without a result.
	Mend(report *execution.Report) (mended []string)
	// AddLate adds results to a written report that another replica has accepted.
	AddLate(report execution.Report) (found bool)
}

// Reports stores the reports of executions.
type Reports interface {
	SaveReport(r execution.Report) error
	// Report returns fs.ErrNotExist for an execution that has not closed.
	Report(id execution.ID) (execution.Report, error)
}

// Logs saves the logs of a node task's containers.
type Logs interface {
	Save(ctx context.Context, key execution.Key) error
}

// Metrics count what happens to an execution.
type Metrics interface {
	jobs.Metrics
	notices.Metrics
	taskMetrics
	storeMetrics
}

type taskMetrics interface {
	// TaskEnded counts a node task that ended in this run. Package definition counts the
	// nodes that were skipped when the execution was opened.
	TaskEnded(outcome execution.Outcome)
	SlotRefilled(d time.Duration)
	SetPool(inFlight, size int)
	// SetShare is given execution.NoShare if the execution has none.
	SetShare(share int)
}

type storeMetrics interface {
	LogSaved(outcome string)
	StoreError(operation string)
}

// Deps are what executions are run with.
type Deps struct {
	Controller string
	Namespace  string
	Client     kube.Client
	Caches     *kube.Caches
	Executions *kube.Executions
	Records    record.Store
	Shares     Shares // nil: only the pool bounds the execution
	Priority   func() int
	Tokens     jobs.Tokens
	Host       jobs.Host
	Results    Results
	Reports    Reports
	Logs       Logs
	Announcer  notices.Announcer
	Metrics    Metrics
	Clock      clock.WithTicker
	Steady     timing.Steady
	Jitter     backoff.Jitter
	Log        *slog.Logger
	Workers    int // how many node tasks have a turn at the same time
}

// Execution is an open execution. All of it can be rebuilt from the record, the disk and
// the Jobs.
type Execution struct {
	Deps
	// The ID and the nodes never change, and need no lock.
	id         execution.ID
	nodes      []string
	jobs       *jobs.Jobs
	notices    *notices.Notices
	takenOver  time.Time // from another leader, or from an earlier term; zero: this leader opened it
	tasks      workqueue.TypedRateLimitingInterface[execution.Key]
	logs       workqueue.TypedRateLimitingInterface[execution.Key]
	wake       chan struct{}  // wakes the writer of the record
	changed    atomic.Bool    // another client may have changed the Execution: the writer reads it before it goes on
	taking     sync.WaitGroup // callbacks that are being accepted
	unreadable int            // how many times in a row the writer could not parse the record that it read again
	written    time.Time      // when the writer last wrote the record, or began
	member     *shares.Member // is for the writer; nil: the execution has no share of maxPods

	mu     sync.Mutex // guards what follows
	record record.Record
	ledger *execution.Ledger
	memory []taskMemory // by index
	// logsDue counts the tasks whose logs are still to be saved: the execution
	// closes after them.
	logsDue int
	// creating has the tasks with a request to create their Job that is under way (zero), or
	// had no response and may be carried out until then.
	creating     map[int]time.Time
	restCanceled bool        // the execution is canceled, and with it the tasks that were not admitted
	closing      bool        // callbacks are no longer accepted
	over         bool        // the run has ended
	freed        []time.Time // when pods ended whose slots are free now, for the refill metric
}

// taskMemory is what the goroutines of this process share about a task besides the
// ledger.
type taskMemory struct {
	grantedAt  time.Time // when it got its slot, by this process's clock
	slotFreed  time.Time // when that slot became free; zero: the Job has used it
	logsQueued bool
	logsDone   bool // they are saved, or cannot be saved
}

// ID returns the execution's ID.
func (e *Execution) ID() execution.ID { return e.id }

// Extensions returns the extensions that the execution began with.
func (e *Execution) Extensions() []jobspec.EnvExtension { return e.jobs.Extensions }

// Record returns the record as it was last read or written.
func (e *Execution) Record() record.Record {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.record
}

// steering returns what people have asked of the execution, as its object said when it was
// last read or written. The caller holds e.mu.
func (e *Execution) steering() plan.Steering { return e.record.Steering() }

// ObjectChanged has the writer read the Execution again: a watch says that another client has
// changed or deleted it.
func (e *Execution) ObjectChanged() {
	e.changed.Store(true)
	e.wakeWriter()
}

// TaskChanged gives a node task a turn.
func (e *Execution) TaskChanged(node string) {
	e.tasks.Add(execution.Key{Execution: e.id, Node: node})
}

// wakeWriter wakes the writer of the record.
func (e *Execution) wakeWriter() {
	select {
	case e.wake <- struct{}{}:
	default: // it is awake already
	}
}

package run

import (
	"context"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

const (
	// DefaultWorkers is how many node tasks are worked on at once. A worker is
	// busy for as long as the API server takes to create a Job.
	DefaultWorkers = 16
	// logWorkers is how many tasks' logs are saved at once.
	logWorkers = 8
)

// Results are what pods have reported, and what is exported of it.
type Results interface {
	// Find exports a result that is stored and was not taken by this process. It
	// reports whether there is one.
	Find(key execution.Key) bool
	// SetTask exports how a node task went.
	SetTask(key execution.Key, durationMS int64, bad bool)
	ReportResults
}

// ReportResults complete a report.
type ReportResults interface {
	// Mend has a report say that a node sent no result where the result is gone.
	Mend(report *execution.Report) (mended []string)
	// AddLate adds results to a written report that another replica has taken.
	AddLate(report execution.Report) (found bool)
}

// Reports keep what came of executions.
type Reports interface {
	SaveReport(r execution.Report) error
	// Report returns fs.ErrNotExist for an execution that has not closed.
	Report(id execution.ID) (execution.Report, error)
}

// Logs saves the logs of containers.
type Logs interface {
	Save(ctx context.Context, key execution.Key) error
}

// Tokens has the Secrets created that pods take their tokens from.
type Tokens interface {
	// Ensure creates the Secret with the token of a node task. The error may be
	// tokens.ErrNoKeyring.
	Ensure(ctx context.Context, p execution.Plan, owner jobspec.Owner, index int) error
}

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// Host finds what the pod of a Job connects to that is created now.
type Host interface {
	Current(ctx context.Context, began string) string
}

// Metrics count what becomes of an execution.
type Metrics interface {
	taskMetrics
	executionMetrics
	storeMetrics
}

type taskMetrics interface {
	// TaskEnded counts a node task that ended in this run. Package definition counts the
	// nodes that were skipped when the execution was opened.
	TaskEnded(outcome execution.Outcome)
	JobCreateFailed(code string)
	SlotRefilled(d time.Duration)
}

type executionMetrics interface {
	SetPool(inFlight, size int)
	ExecutionClosed(result string, at time.Time, d time.Duration)
	SetLastReport(r execution.Report)
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
	Records    record.Store
	Tokens     Tokens
	Host       Host
	Results    Results
	Reports    Reports
	Logs       Logs
	Announcer  Announcer
	Metrics    Metrics
	Clock      clock.WithTicker
	Steady     timing.Steady
	Jitter     backoff.Jitter
	Log        *slog.Logger
	Workers    int // node tasks worked on at once
}

// Execution is an open execution. All of it can be built anew.
type Execution struct {
	Deps
	id         execution.ID // without the lock, as all that follows: each write changes the record
	auth       execution.CallbackAuth
	nodes      []string
	extensions []jobspec.EnvExtension
	takenOver  time.Time // from another leader, or from an earlier term; zero: this one opened it
	tasks      workqueue.TypedRateLimitingInterface[execution.Key]
	logs       workqueue.TypedRateLimitingInterface[execution.Key]
	// wake tells the writer that there may be something to write.
	wake   chan struct{}
	taking sync.WaitGroup // of callbacks
	// damaged is how often its record could not be read again. It is the writer's.
	damaged int

	mu     sync.Mutex // guards what follows
	record record.Record
	ledger *execution.Ledger
	memory []taskMemory // by index
	// logsDue counts the tasks whose logs are still to be saved: the execution
	// closes after them.
	logsDue    int
	closing    bool            // no callback is accepted any more
	over       bool            // the run has ended
	failures   int             // node tasks that failed or were lost
	freed      []time.Time     // when pods ended whose slots are free now, for the refill metric
	rejections map[string]bool // the causes that have an event
}

// taskMemory is what this process remembers of a task besides the ledger.
type taskMemory struct {
	seen       bool           // its Job was in the cache
	grantedAt  time.Time      // when it got its slot, by this process's clock
	stopped    *plan.Stopped  // its Job was told to end
	stopping   *execution.End // why it may have been told so, by a request without an answer
	rejected   time.Time      // when the API server rejected its Job, or what it needs, for the first time
	unanswered time.Time      // when a request to create its Job failed that may be carried out
	slotFreed  time.Time      // when the slot it got became free
	logsQueued bool
	logsDone   bool // nothing more is to be done for them
}

// ID returns the execution's ID.
func (e *Execution) ID() execution.ID { return e.id }

// Auth returns how callbacks of the execution authenticate.
func (e *Execution) Auth() execution.CallbackAuth { return e.auth }

// Extensions returns what the execution began with.
func (e *Execution) Extensions() []jobspec.EnvExtension { return e.extensions }

// Record returns the record as it was read or written last.
func (e *Execution) Record() record.Record {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.record
}

// TaskChanged gives a node task a turn.
func (e *Execution) TaskChanged(node string) {
	e.tasks.Add(execution.Key{Execution: e.id, Node: node})
}

// wakeWriter wakes what writes the record.
func (e *Execution) wakeWriter() {
	select {
	case e.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

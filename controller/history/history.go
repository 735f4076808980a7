package history

import (
	"context"
	"log/slog"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

// Directory is the report directory.
type Directory interface {
	// Executions returns the executions that have a report.
	Executions() ([]execution.ID, error)
	// About returns what an execution is.
	About(id execution.ID) (execution.About, error)
	// Drop deletes a report.
	Drop(id execution.ID) error
}

// Results has the exported results.
type Results interface {
	// Drop ends the export of an execution's results.
	Drop(id execution.ID)
	// Losses returns which results of a closed execution are lost, or nil.
	Losses(closed record.Record) *intake.Losses
}

// Jobs is the replica's cache of Jobs.
type Jobs interface {
	JobsOf(executions map[execution.ID]bool) []*batchv1.Job
}

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// Metrics counts faults.
type Metrics interface {
	StoreError(operation string)
	SetDamagedRecords(n int)
}

// Options are the options of a History.
type Options struct {
	Controller string // its name
	// NodeCronJob is the name of the definition.
	NodeCronJob string
	Namespace   string
	Client      kube.Client
	Jobs        Jobs
	Records     record.Store
	Directory   Directory
	Results     Results
	Tokens      tokens.Options
	// Limits returns how many executions are kept. The zero value says that no spec of the
	// definition has applied in this process: the limits of its newest execution apply.
	Limits func() execution.Retention
	// IsOpen reports whether the execution is open.
	IsOpen    func(id execution.ID) bool
	Announcer Announcer
	Metrics   Metrics
	Clock     clock.WithTicker
	Steady    timing.Steady
	Jitter    backoff.Jitter
	Log       *slog.Logger
}

// History has the executions of one definition that are not open.
type History struct {
	Options
	wake   chan struct{}         // wakes Run: there may be executions to prune
	tokens *tokens.Deleter       // of the term; only Run uses it
	swept  map[execution.ID]bool // of the term: whose losers were deleted; only Run uses it

	mu        sync.Mutex // guards what follows
	requests  int        // to prune
	met       int        // of them
	found     Found
	announced map[string]string // the damage that an event has announced, by record
}

// Found is what a leader finds when its term begins.
type Found struct {
	Known map[execution.ID]bool // executions that left a record or a report
	// LastClosed is the execution that closed last, until its results were looked for; nil:
	// there is none.
	LastClosed *record.Head
}

// New returns a History without executions.
func New(o Options) *History {
	h := &History{Options: o, wake: make(chan struct{}, 1)}
	h.Forget()
	return h
}

// BeginTerm prepares for another term of this leader.
func (h *History) BeginTerm() {
	h.tokens, h.swept = tokens.NewDeleter(h.Tokens), map[execution.ID]bool{}
}

// Resume continues from what a new leader has found.
func (h *History) Resume(f Found) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found, h.announced = f, nil
}

// Forget forgets all executions: another replica leads.
func (h *History) Forget() {
	h.Resume(Found{Known: map[execution.ID]bool{}})
}

// Add adds an execution, which has a record.
func (h *History) Add(id execution.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found.Known[id] = true
}

// Known reports whether the execution has left a record or a report.
func (h *History) Known(id execution.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.found.Known[id]
}

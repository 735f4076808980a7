package jobs

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Tokens creates the Secrets from which pods get their tokens.
type Tokens interface {
	// Ensure creates the Secret with the token of a node task. The error may be
	// tokens.ErrNoKeyring.
	Ensure(ctx context.Context, p execution.Plan, owner jobspec.Owner, index int) error
}

// Host finds the callback host for the pod of a Job that is about to be created.
type Host interface {
	// Current returns the present host, or that of the plan if it cannot be read.
	Current(ctx context.Context, planned string) string
}

// Notices tells people that the API server rejects Jobs.
type Notices interface {
	// JobRejected has a reason of package kube, and says what follows from the error.
	JobRejected(ctx context.Context, reason, what string, err error)
}

// Metrics counts failed requests.
type Metrics interface {
	JobCreateFailed(code string)
}

// Options are the options of Jobs.
type Options struct {
	Controller string
	Namespace  string
	Client     kube.Client
	Caches     *kube.Caches
	Tokens     Tokens
	Host       Host
	Notices    Notices
	Metrics    Metrics
	Clock      clock.PassiveClock
	Steady     timing.Steady
	Log        *slog.Logger

	Plan       execution.Plan // of the execution
	Owner      jobspec.Owner  // of its Jobs
	Extensions []jobspec.EnvExtension
	TakenOver  time.Time // when this leader took over the execution; zero: it opened it
}

// Jobs are the Jobs of one execution. One goroutine at a time may use them for a node task.
type Jobs struct {
	Options
	memory  []memory     // by index
	resumes atomic.Int64 // how often the execution was resumed
}

// memory is what a task's steps remember for the next one. It needs no lock, because one
// goroutine at a time has the task.
type memory struct {
	seen     bool           // its Job was in the cache
	stopped  *plan.Stopped  // its Job was stopped
	stopping *execution.End // its Job may have been stopped, by a request without a response
	rejected time.Time      // when the API server first rejected its Job, or what the Job needs
	resumes  int64          // how often the execution had been resumed before the last turn
	// unanswered is when the last request to create its Job was sent that may still be carried
	// out: one that failed without a response, or one of an earlier leader.
	unanswered time.Time
}

// New returns the Jobs of an execution.
func New(o Options) *Jobs {
	j := &Jobs{Options: o, memory: make([]memory, len(o.Plan.Nodes))}
	for i := range j.memory {
		j.memory[i].unanswered = o.TakenOver
	}
	return j
}

// Resumed notes that the execution was paused and goes on: the time in which it was paused is
// no part of how long the API server has rejected a Job.
func (j *Jobs) Resumed() { j.resumes.Add(1) }

// Result is what a step has shown. It may come with an error, after which the step is tried
// again.
type Result struct {
	Created bool          // the Job exists, and is the task's
	Until   time.Time     // a request to create the Job may be carried out until then; zero: it was answered
	End     execution.End // the task ends like this; empty: it does not end
	Recheck time.Duration // the task has another turn after it; 0: there is no need
}

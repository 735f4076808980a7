package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Task is a node task that may report.
type Task struct {
	Key    execution.Key
	Index  int      // within its execution
	Nodes  []string // of its execution
	Budget *Budget  // of its execution
	Open   Open
}

// Open is an execution whose pods may report.
type Open interface {
	// NoteReported records that the result of a task is stored.
	NoteReported(index int)
	// NoteHeard records that a file or an event of a task was taken.
	NoteHeard(index int)
	// Taken lets the execution close, which does not before it is called. It is called
	// once for each task that was accepted.
	Taken()
}

// Executions are those whose pods may report.
type Executions interface {
	// Accept returns the node task, if it may report to this replica.
	Accept(key execution.Key) (Task, error)
	// Note calls what records and exports something that was taken, unless this replica
	// takes no callbacks any more: the leader finds it on the disk.
	Note(taken func())
}

// Replica is which part this replica plays.
type Replica interface {
	// Leads reports whether it leads, as far as it knows.
	Leads() bool
	// SurelyLeads reports whether no other replica can lead.
	SurelyLeads() bool
}

// Subjects find what events are about.
type Subjects interface {
	Of(ctx context.Context, key execution.Key) (corev1.ObjectReference, error)
}

// Events are written for pods.
type Events interface {
	Relay(ctx context.Context, about corev1.ObjectReference, of execution.Event) error
}

// Metrics count what is taken.
type Metrics interface {
	ResultStored(samples int)
	StoreError(operation string)
	SeriesDropped(n int)
}

// Options are what a Recorder is made of.
type Options struct {
	Executions Executions
	Replica    Replica
	Identity   string // of this replica, among all that there ever were
	Store      Store
	Results    *Results
	Subjects   Subjects
	Events     Events
	Redactor   *route.Redactor
	Metrics    Metrics
	Clock      clock.PassiveClock
	Log        *slog.Logger
}

// Recorder takes over what pods report.
type Recorder struct {
	Options
	merging taskLocks // of results
	claim   claim
}

// NewRecorder returns a recorder.
func NewRecorder(o Options) *Recorder {
	return &Recorder{Options: o, claim: newClaim(o)}
}

// Result takes the result of a node task: checked, redacted, stored, exported.
func (r *Recorder) Result(_ context.Context, key execution.Key, body []byte) (redacted int, err error) {
	task, err := r.Executions.Accept(key)
	if err != nil {
		return 0, err
	}
	defer task.Open.Taken()
	// Two results of a node are merged one after the other, and exported in the
	// same order.
	defer r.merging.lock(key)()
	result, err := r.takeResult(task, body)
	if err != nil {
		return 0, err
	}
	if r.isClosed(key.Execution) {
		// Another leader, of which this replica does not know yet, may have looked for
		// results for the last time.
		return 0, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, key.Execution)
	}
	r.Metrics.ResultStored(result.New)
	r.Executions.Note(func() {
		r.Results.Set(key, result.Samples)
		task.Open.NoteReported(task.Index)
	})
	return result.Redacted, nil
}

// isClosed reports whether the execution's report is written.
func (r *Recorder) isClosed(id execution.ID) bool {
	_, err := r.Store.Report(id)
	return !errors.Is(err, fs.ErrNotExist)
}

// maxLoggedName bounds a file's name in the log, in bytes.
const maxLoggedName = 256

// File takes a file of a node task, and returns the name it is stored under.
func (r *Recorder) File(_ context.Context, key execution.Key, name, contentType string, body io.Reader) (stored string, err error) {
	task, err := r.Executions.Accept(key)
	if err != nil {
		return "", err
	}
	task.Open.Taken() // a slow upload does not hold up the end of the execution
	size, there := r.Store.FileSize(key, name)
	up, err := task.Budget.beginUpload(task.Index, name, size, there, body)
	if err != nil {
		return "", err
	}
	defer func() { up.end(stored != "") }()
	stored, err = r.Store.SaveFile(key, name, contentType, task.Nodes, up)
	if err != nil {
		if !isUnwanted(err) {
			r.Metrics.StoreError("file")
		}
		return "", fmt.Errorf("store file: %w", err)
	}
	r.Executions.Note(func() { task.Open.NoteHeard(task.Index) })
	if name != "" && !strings.HasSuffix(stored, "-"+name) {
		// The name is the pod's own, and may hold its token.
		r.Log.Info("file renamed", "execution", key.Execution, "node", key.Node,
			"name", route.RedactForLog(execution.Truncate(name, maxLoggedName)), "stored", route.RedactForLog(stored))
	}
	return stored, nil
}

// isUnwanted reports whether a file was not stored for what it is, rather than
// because the store failed.
func isUnwanted(err error) bool {
	var invalid *execution.InvalidError
	var limit *execution.LimitError
	return errors.As(err, &invalid) || errors.Is(err, execution.ErrNameTaken) || errors.Is(err, execution.ErrTooLarge) ||
		(errors.As(err, &limit) && limit.Limit == execution.BytesPerExecution)
}

// Event writes a Kubernetes Event about the pod of a node task.
func (r *Recorder) Event(ctx context.Context, key execution.Key, e execution.Event) error {
	if err := kube.CheckPodEvent(e); err != nil {
		return err
	}
	task, err := r.Executions.Accept(key)
	if err != nil {
		return err
	}
	task.Open.Taken()
	if !r.Replica.Leads() {
		return fmt.Errorf("%w: only the leader writes events", execution.ErrNotLeader)
	}
	now := r.Clock.Now()
	if err := task.Budget.do(func(q *plan.Budget) error { return q.TakeEvent(task.Index, now) }); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, kube.EventTimeout)
	defer cancel()
	about, err := r.Subjects.Of(ctx, key)
	if err == nil {
		err = r.Events.Relay(ctx, about, e)
	}
	switch {
	case err == nil:
		r.Executions.Note(func() { task.Open.NoteHeard(task.Index) })
		return nil
	case isUnanswered(err):
		task.Budget.returnEvent(task.Index)
		return fmt.Errorf("%w: %w", execution.ErrNoAnswer, err)
	}
	r.Log.Warn("event of a pod not written", "execution", key.Execution, "node", key.Node, "error", err)
	return fmt.Errorf("%w: the event could not be written", execution.ErrUnavailable)
}

// isUnanswered reports whether the API server cannot be reached, rather than
// refusing what it was asked for.
func isUnanswered(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || apierrors.IsServiceUnavailable(err)
}

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
	// Taken ends what Accept began: the execution does not close before it is called. It
	// is called once for each accepted task.
	Taken()
}

// Executions are the executions whose pods may report.
type Executions interface {
	// Accept returns the node task, if it may report to this replica.
	Accept(key execution.Key) (Task, error)
	// Note calls note, which records and exports what is stored, unless this replica no
	// longer accepts callbacks: the leader then finds the data on the disk.
	Note(note func())
}

// Replica is the role of this replica.
type Replica interface {
	// Leads reports whether this replica leads. Another one may have taken over unnoticed.
	Leads() bool
	// SurelyLeads reports whether no other replica can lead.
	SurelyLeads() bool
}

// Subjects finds the objects of events.
type Subjects interface {
	Of(ctx context.Context, key execution.Key) (corev1.ObjectReference, error)
}

// Events writes the events of pods.
type Events interface {
	Relay(ctx context.Context, about corev1.ObjectReference, of execution.Event) error
}

// Metrics counts what is stored, what fails and what is dropped.
type Metrics interface {
	ResultStored(definition string, samples int)
	StoreError(operation string)
	SeriesDropped(n int)
}

// Options are the dependencies of a Recorder.
type Options struct {
	Executions Executions
	Replica    Replica
	Identity   string // unique to this process
	Store      Store
	Results    *Results
	Subjects   Subjects
	Events     Events
	Redactor   *route.Redactor
	Metrics    Metrics
	Clock      clock.PassiveClock
	Log        *slog.Logger
}

// Recorder takes the results, files and events of pods.
type Recorder struct {
	Options
	merging taskLocks // held while a result is merged and exported
	claim   claim
}

// NewRecorder returns a Recorder.
func NewRecorder(o Options) *Recorder {
	return &Recorder{Options: o, claim: newClaim(o)}
}

// Result checks, redacts, stores and exports a result of a node task.
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
		// Another leader, which this replica has not noticed yet, may have read the results
		// for the last time.
		return 0, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, key.Execution)
	}
	r.Results.countStored(key.Execution, result.New)
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

// File stores a file of a node task, and returns the name under which it is stored.
func (r *Recorder) File(_ context.Context, key execution.Key, name, contentType string, body io.Reader) (stored string, err error) {
	task, err := r.Executions.Accept(key)
	if err != nil {
		return "", err
	}
	task.Open.Taken() // a slow upload must not delay the end of the execution
	size, exists := r.Store.FileSize(key, name)
	up, err := task.Budget.beginUpload(task.Index, name, size, exists, body)
	if err != nil {
		return "", err
	}
	defer func() { up.end(stored != "") }()
	stored, err = r.Store.SaveFile(key, name, contentType, task.Nodes, up)
	if err != nil {
		if !isRejected(err) {
			r.Metrics.StoreError("file")
		}
		return "", fmt.Errorf("store file: %w", err)
	}
	r.Executions.Note(func() { task.Open.NoteHeard(task.Index) })
	if name != "" && !strings.HasSuffix(stored, "-"+name) {
		// The pod chose the name, which may contain its token.
		r.Log.Info("file renamed", "execution", key.Execution, "node", key.Node,
			"name", route.RedactForLog(execution.Truncate(name, maxLoggedName)), "stored", route.RedactForLog(stored))
	}
	return stored, nil
}

// isRejected reports whether the file was rejected, rather than that the store failed.
func isRejected(err error) bool {
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

// isUnanswered reports whether the API server did not respond or was unavailable, rather
// than that it rejected the request.
func isUnanswered(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || apierrors.IsServiceUnavailable(err)
}

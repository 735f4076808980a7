package plan

import (
	"cmp"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// BudgetLimits bounds what the pods of an execution may send. A field that is zero
// has its default.
type BudgetLimits struct {
	Files           int           // of a node task
	Bytes           int64         // of all of them
	Results         int           // of a node task
	Events          int           // of a node task
	EventBurst      int           // of a node task, after which they are spaced
	EventInterval   time.Duration // between those
	EventsPerSecond int           // of all node tasks
	ExecutionBytes  int64         // of the files of all node tasks
}

// WithDefaults returns the limits with the defaults of fields that are zero.
func (l BudgetLimits) WithDefaults() BudgetLimits {
	return BudgetLimits{
		Files:           cmp.Or(l.Files, 64),
		Bytes:           cmp.Or(l.Bytes, 128<<20),
		Results:         cmp.Or(l.Results, 20),
		Events:          cmp.Or(l.Events, 30),
		EventBurst:      cmp.Or(l.EventBurst, 10),
		EventInterval:   cmp.Or(l.EventInterval, 30*time.Second),
		EventsPerSecond: cmp.Or(l.EventsPerSecond, 20),
		ExecutionBytes:  cmp.Or(l.ExecutionBytes, 20<<30),
	}
}

// Budget is what the pods of an execution have used of their limits. Tasks are
// identified by index. Its errors are of type execution.LimitError.
type Budget struct {
	limits   BudgetLimits
	tasks    []used
	bytes    int64 // of all files, including uploads in progress
	arriving map[fileName]*arrival
	unnamed  int // files without a name
	events   bucket
}

// used exists for every node task, and is therefore small.
type used struct {
	bytes   int64 // of its files, including uploads in progress
	files   int32
	results int32
	events  int32
	bucket  bucket
}

// NewBudget returns the unused budget of an execution.
func NewBudget(l BudgetLimits, tasks int) *Budget {
	return &Budget{limits: l.WithDefaults(), tasks: make([]used, tasks), arriving: map[fileName]*arrival{}}
}

// TakeResult counts a result of a task.
func (q *Budget) TakeResult(task int) error {
	u := &q.tasks[task]
	if int(u.results) >= q.limits.Results {
		return usedUp(execution.ResultsPerTask, "results", q.limits.Results)
	}
	u.results++
	return nil
}

// ReturnResult undoes TakeResult: the result was not stored.
func (q *Budget) ReturnResult(task int) { q.tasks[task].results-- }

// TakeEvent counts an event of a task.
func (q *Budget) TakeEvent(task int, now time.Time) error {
	u := &q.tasks[task]
	if int(u.events) >= q.limits.Events {
		return usedUp(execution.EventsPerTask, "events", q.limits.Events)
	}
	ofTask, ofAll := q.taskRate(), q.globalRate()
	if wait := u.bucket.wait(ofTask, now); wait > 0 {
		return &execution.LimitError{
			Limit: execution.EventInterval, Err: execution.ErrTooMany, RetryAfter: wait,
			Message: fmt.Sprintf("a node may send an event every %s after its first %d (callback.limits.%s)", ofTask.interval, ofTask.burst, execution.EventInterval),
		}
	}
	if wait := q.events.wait(ofAll, now); wait > 0 {
		return &execution.LimitError{
			Limit: execution.EventsPerSecond, Err: execution.ErrTooMany, RetryAfter: wait,
			Message: fmt.Sprintf("all nodes together may send %d events per second (callback.limits.%s)", ofAll.burst, execution.EventsPerSecond),
		}
	}
	u.events++
	u.bucket.take(ofTask, now)
	q.events.take(ofAll, now)
	return nil
}

// ReturnEvent undoes TakeEvent: the event was not created, and the pod will retry.
func (q *Budget) ReturnEvent(task int) {
	u := &q.tasks[task]
	u.events--
	u.bucket.giveBack(q.taskRate())
	q.events.giveBack(q.globalRate())
}

func (q *Budget) taskRate() rate {
	return rate{burst: q.limits.EventBurst, interval: q.limits.EventInterval}
}

func (q *Budget) globalRate() rate {
	return rate{burst: q.limits.EventsPerSecond, interval: time.Second / time.Duration(q.limits.EventsPerSecond)}
}

// usedUp is the error of a task that has reached a limit of the execution. A retry
// does not help.
func usedUp(limit execution.Limit, what string, most int) error {
	return &execution.LimitError{
		Limit: limit, Err: execution.ErrUsedUp,
		Message: fmt.Sprintf("a node may send %d %s per execution (callback.limits.%s)", most, what, limit),
	}
}

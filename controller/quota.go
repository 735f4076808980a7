package controller

import (
	"errors"
	"io"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// quota is what the pods of the open execution have used of what they may. It
// has a lock of its own: bodies that arrive hold up nothing else.
type quota struct {
	mu   sync.Mutex
	plan *plan.Quota
}

func quotaLimits(in execution.Intake) plan.QuotaLimits {
	return plan.QuotaLimits{
		Files:          in.FilesPerTask,
		Bytes:          in.BytesPerTask,
		Results:        in.ResultsPerTask,
		Events:         in.EventsPerTask,
		EventBurst:     in.EventBurst,
		EventInterval:  in.EventInterval,
		EventsASecond:  in.EventsPerSecond,
		ExecutionBytes: in.BytesPerExecution,
	}
}

// newQuota counts the files that are there, once. How many results and events
// came before is not known any more.
func (c *Controller) newQuota(r record.Record) *quota {
	q := plan.NewQuota(quotaLimits(c.intakeOf(r.Plan)), len(r.Plan.Nodes))
	index := make(map[string]int, len(r.Plan.Nodes))
	for i, node := range r.Plan.Nodes {
		index[node.Name] = i
	}
	for node, size := range c.Store.Files(r.Plan.ID, nodeNames(r.Plan)) {
		q.AddFile(index[node], size)
	}
	return &quota{plan: q}
}

// do changes the quota, or asks it.
func (q *quota) do(f func(*plan.Quota) error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return f(q.plan)
}

func (q *quota) hasFiles(task int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.plan.HasFiles(task)
}

func (q *quota) returnResult(task int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.plan.ReturnResult(task)
}

func (q *quota) returnEvent(task int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.plan.ReturnEvent(task)
}

// upload is the body of a file under its quota.
type upload struct {
	from  io.Reader
	quota *quota
	plan  *plan.Upload
}

// beginUpload counts a file before anything of it is read.
func (c *Controller) beginUpload(open *openExecution, task execution.Task, name string, body io.Reader) (*upload, error) {
	size, there := c.Store.FileSize(execution.Key{Execution: open.id, Node: task.Node.Name}, name)
	up := &upload{from: body, quota: open.quota}
	err := open.quota.do(func(q *plan.Quota) (err error) {
		up.plan, err = q.BeginFile(task.Index, name, size, there)
		return err
	})
	return up, err
}

// Read counts what it reads before anybody stores it.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if n == 0 {
		return n, err
	}
	if over := u.quota.do(func(q *plan.Quota) error { return q.Receive(u.plan, n) }); over != nil {
		return 0, over
	}
	return n, err
}

func (u *upload) end(stored bool) {
	_ = u.quota.do(func(q *plan.Quota) error { q.EndFile(u.plan, stored); return nil })
}

// isUnwanted reports whether a file was not stored for what it is, rather than
// because the store failed.
func isUnwanted(err error) bool {
	var invalid *execution.InvalidError
	var limit *execution.LimitError
	return errors.As(err, &invalid) || errors.Is(err, execution.ErrNameTaken) || errors.Is(err, execution.ErrTooLarge) ||
		(errors.As(err, &limit) && limit.Limit == execution.BytesPerExecution)
}

package intake

import (
	"io"
	"iter"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Budget is how much the pods of an execution may still send. It has a lock of its own,
// so that the bodies being received block nothing else.
type Budget struct {
	mu   sync.Mutex
	plan *plan.Budget
}

// NewBudget returns the budget of an execution. It counts the stored files, of which files
// yields the node and the size. The numbers of earlier results and events are lost when a
// process ends.
func NewBudget(in execution.Intake, nodes []execution.Node, files iter.Seq2[string, int64]) *Budget {
	q := plan.NewBudget(budgetLimits(in), len(nodes))
	index := make(map[string]int, len(nodes))
	for i, node := range nodes {
		index[node.Name] = i
	}
	for node, size := range files {
		q.AddFile(index[node], size)
	}
	return &Budget{plan: q}
}

func budgetLimits(in execution.Intake) plan.BudgetLimits {
	return plan.BudgetLimits{
		Files:           in.FilesPerTask,
		Bytes:           in.BytesPerTask,
		Results:         in.ResultsPerTask,
		Events:          in.EventsPerTask,
		EventBurst:      in.EventBurst,
		EventInterval:   in.EventInterval,
		EventsPerSecond: in.EventsPerSecond,
		ExecutionBytes:  in.BytesPerExecution,
	}
}

// do calls f with the locked budget.
func (b *Budget) do(f func(*plan.Budget) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return f(b.plan)
}

// HasFiles reports whether the node task has sent a file.
func (b *Budget) HasFiles(task int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.plan.HasFiles(task)
}

func (b *Budget) returnResult(task int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plan.ReturnResult(task)
}

func (b *Budget) returnEvent(task int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plan.ReturnEvent(task)
}

// upload is the body of a file, counted against the budget.
type upload struct {
	from   io.Reader
	budget *Budget
	plan   *plan.Upload
}

// beginUpload counts a file before its body is read. If exists, the file replaces one of
// the given size.
func (b *Budget) beginUpload(task int, name string, size int64, exists bool, body io.Reader) (*upload, error) {
	up := &upload{from: body, budget: b}
	err := b.do(func(q *plan.Budget) (err error) {
		up.plan, err = q.BeginFile(task, name, size, exists)
		return err
	})
	return up, err
}

// Read counts what it reads before any of it is stored.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if n == 0 {
		return n, err
	}
	if over := u.budget.do(func(q *plan.Budget) error { return q.Receive(u.plan, n) }); over != nil {
		return 0, over
	}
	return n, err
}

func (u *upload) end(stored bool) {
	u.budget.mu.Lock()
	defer u.budget.mu.Unlock()
	u.budget.plan.EndFile(u.plan, stored)
}

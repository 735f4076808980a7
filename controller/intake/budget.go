package intake

import (
	"io"
	"iter"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Budget is how much the pods of an execution may still send. It has a lock of its
// own: bodies that arrive hold up nothing else.
type Budget struct {
	mu   sync.Mutex
	plan *plan.Budget
}

// NewBudget returns the budget of an execution. It counts the files that are stored
// already, which are yielded as their node and their size. How many results and events
// came before is not known any more.
func NewBudget(in execution.Intake, nodes []execution.Node, files iter.Seq2[string, int64]) *Budget {
	q := plan.NewBudget(quotaLimits(in), len(nodes))
	index := make(map[string]int, len(nodes))
	for i, node := range nodes {
		index[node.Name] = i
	}
	for node, size := range files {
		q.AddFile(index[node], size)
	}
	return &Budget{plan: q}
}

func quotaLimits(in execution.Intake) plan.BudgetLimits {
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

// do changes the budget, or asks it.
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

// upload is the body of a file under its budget.
type upload struct {
	from   io.Reader
	budget *Budget
	plan   *plan.Upload
}

// beginUpload counts a file before anything of it is read. It may replace one that is
// there, of a size.
func (b *Budget) beginUpload(task int, name string, size int64, there bool, body io.Reader) (*upload, error) {
	up := &upload{from: body, budget: b}
	err := b.do(func(q *plan.Budget) (err error) {
		up.plan, err = q.BeginFile(task, name, size, there)
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

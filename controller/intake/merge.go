package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// mergeTries bounds how often a result is merged again because another replica was
// faster. Only a replica that surely leads claims the results, and another replica's
// first result of the node can conflict with it once.
const mergeTries = 4

// takeResult checks a result, merges it into the stored one, and stores the merged one. A
// result that is not stored does not count against the budget.
func (r *Recorder) takeResult(task Task, body []byte) (result metrics.Result, err error) {
	if err := task.Budget.do(func(q *plan.Budget) error { return q.TakeResult(task.Index) }); err != nil {
		return result, err
	}
	defer func() {
		if err != nil {
			task.Budget.returnResult(task.Index)
		}
	}()
	exists := false
	for range mergeTries {
		claim, err := r.claim.get()
		if err != nil {
			return result, err
		}
		result, err = r.mergeResult(task.Key, body, claim, exists)
		switch {
		case errors.Is(err, fs.ErrExist):
			exists = true
		case errors.Is(err, execution.ErrNotLeader) && r.claim.lose(claim):
		default:
			return result, err
		}
	}
	return result, fmt.Errorf("%w: other replicas store results of node %s", execution.ErrUnavailable, task.Key.Node)
}

// mergeResult merges a result into the stored one, and stores the merged one. The error
// wraps fs.ErrExist if another replica has stored a result meanwhile. exists says that the
// name is taken, even if no result can be read: it may not be a regular file.
func (r *Recorder) mergeResult(key execution.Key, body []byte, claim string, exists bool) (result metrics.Result, err error) {
	// From the disk, not from memory: another leader may have stored it.
	stored, err := r.Store.Result(key)
	if err != nil {
		r.Metrics.StoreError("result")
		return result, fmt.Errorf("read the earlier result: %w", err)
	}
	result, unreadable, err := r.Results.merge(key, stored, body, r.Redactor.RedactString)
	if err != nil {
		return result, err
	}
	if unreadable != nil {
		r.Log.Warn("an earlier result cannot be read, and is replaced", "execution", key.Execution, "node", key.Node, "error", unreadable)
	}
	if bytes.Equal(stored, result.Body) || stored == nil && !exists {
		err = r.Store.CreateResult(key, result.Body)
	} else {
		err = r.Store.ReplaceResult(key, result.Body, claim)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, execution.ErrNotLeader) { // the store works
			r.Metrics.StoreError("result")
		}
		return result, fmt.Errorf("store result: %w", err)
	}
	return result, nil
}

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

// mergeTries bounds how often a result is merged because another replica was
// quicker. One that surely leads is the only one that claims the results, and a first
// result can get in its way once.
const mergeTries = 4

// takeResult checks a result, merges it into that of before and stores what they
// come to. It counts if it is stored.
func (r *Recorder) takeResult(task Task, body []byte) (result metrics.Result, err error) {
	if err := task.Budget.do(func(q *plan.Budget) error { return q.TakeResult(task.Index) }); err != nil {
		return result, err
	}
	defer func() {
		if err != nil {
			task.Budget.returnResult(task.Index)
		}
	}()
	there := false
	for range mergeTries {
		claim, err := r.claim.make()
		if err != nil {
			return result, err
		}
		result, err = r.mergeResult(task.Key, body, claim, there)
		switch {
		case errors.Is(err, fs.ErrExist):
			there = true
		case errors.Is(err, execution.ErrNotLeader) && r.claim.lose(claim):
		default:
			return result, err
		}
	}
	return result, fmt.Errorf("%w: other replicas store results of node %s", execution.ErrUnavailable, task.Key.Node)
}

// mergeResult merges a result into that of before and stores what they come to. The
// error wraps fs.ErrExist if another replica has stored one meanwhile. That there is
// one it may be told: one that is no regular file cannot be read.
func (r *Recorder) mergeResult(key execution.Key, body []byte, claim string, there bool) (result metrics.Result, err error) {
	// From the disk, not from memory: another leader may have taken the one before.
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
		r.Log.Warn("an earlier result cannot be read and gives way", "execution", key.Execution, "node", key.Node, "error", unreadable)
	}
	if bytes.Equal(stored, result.Body) || stored == nil && !there {
		err = r.Store.CreateResult(key, result.Body)
	} else {
		err = r.Store.ReplaceResult(key, result.Body, claim)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, execution.ErrNotLeader) { // it did not fail
			r.Metrics.StoreError("result")
		}
		return result, fmt.Errorf("store result: %w", err)
	}
	return result, nil
}

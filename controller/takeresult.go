package controller

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
func (c *Controller) takeResult(open *openExecution, task execution.Task, body []byte) (result metrics.Result, err error) {
	if err := open.quota.do(func(q *plan.Quota) error { return q.TakeResult(task.Index) }); err != nil {
		return result, err
	}
	defer func() {
		if err != nil {
			open.quota.returnResult(task.Index)
		}
	}()
	key := execution.Key{Execution: open.id, Node: task.Node.Name}
	there := false
	for range mergeTries {
		claim, err := c.claimResults()
		if err != nil {
			return result, err
		}
		result, err = c.mergeResult(key, body, claim, there)
		switch {
		case errors.Is(err, fs.ErrExist):
			there = true
		case errors.Is(err, execution.ErrNotLeader) && c.loseClaim(claim):
		default:
			return result, err
		}
	}
	return result, fmt.Errorf("%w: other replicas store results of node %s", execution.ErrUnavailable, key.Node)
}

// claimResults returns the claim under which this replica merges, before it reads
// what it merges into. A leader without a Lease goes on merging under the one it has
// until there is another leader; only one that surely leads makes a new one.
func (c *Controller) claimResults() (claim string, err error) {
	c.claiming <- struct{}{} // in the tests' virtual time only a channel can be waited for
	defer func() { <-c.claiming }()
	c.mu.Lock()
	claim = c.claim
	wants := claim == "" && c.surelyLeads()
	if wants {
		// Each is another one: what was read before a claim was lost is old under the
		// next. The identity is that of this process alone.
		c.claims++
		claim = fmt.Sprintf("%s %d", c.Identity, c.claims)
	}
	c.mu.Unlock()
	if !wants {
		return claim, nil
	}
	if err := c.Store.ClaimResults(claim); err != nil {
		c.Metrics.StoreError("result")
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claim = claim
	return claim, nil
}

// claimEarly claims the results before the first one comes: those that come when the
// Lease is lost are then merged all the same.
func (c *Controller) claimEarly() {
	if _, err := c.claimResults(); err != nil {
		c.Log.Warn("results not claimed: the next one that comes tries again", "error", err)
	}
}

// loseClaim forgets a claim that another replica's has taken the place of, and
// reports whether this one may claim again: the other one's then came late.
func (c *Controller) loseClaim(claim string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claim == claim {
		c.claim = ""
	}
	return c.surelyLeads()
}

// mergeResult merges a result into that of before and stores what they come to. The
// error wraps fs.ErrExist if another replica has stored one meanwhile. That there is
// one it may be told: one that is no regular file cannot be read.
func (c *Controller) mergeResult(key execution.Key, body []byte, claim string, there bool) (result metrics.Result, err error) {
	// From the disk, not from memory: another leader may have taken the one before.
	stored, err := c.Store.Result(key)
	if err != nil {
		c.Metrics.StoreError("result")
		return result, fmt.Errorf("read the earlier result: %w", err)
	}
	result, unreadable, err := c.Results.Merge(key, stored, body, c.redactor.RedactString)
	if err != nil {
		return result, err
	}
	if unreadable != nil {
		c.Log.Warn("an earlier result cannot be read and gives way", "execution", key.Execution, "node", key.Node, "error", unreadable)
	}
	if bytes.Equal(stored, result.Body) || stored == nil && !there {
		err = c.Store.CreateResult(key, result.Body)
	} else {
		err = c.Store.ReplaceResult(key, result.Body, claim)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, execution.ErrNotLeader) { // it did not fail
			c.Metrics.StoreError("result")
		}
		return result, fmt.Errorf("store result: %w", err)
	}
	return result, nil
}

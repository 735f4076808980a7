package controller

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// reportStore keeps reports.
type reportStore interface {
	// Begin makes the execution's directory and points latest to it.
	Begin(id execution.ID) error
	SaveReport(execution.Report) error
	// Report returns fs.ErrNotExist for an execution that has not closed.
	Report(id execution.ID) (execution.Report, error)
	Executions() ([]execution.ID, error)
	// Results yields the stored results of the nodes.
	Results(id execution.ID, nodes []string) iter.Seq2[string, []byte]
	Drop(id execution.ID) error
}

// closeExecution writes the report and then closes the record. Killed in
// between, the next leader finds the report and closes the record.
func (c *Controller) closeExecution(ctx context.Context, fence Fence, open *openExecution) error {
	id := open.record.plan.ID
	report, err := c.Store.Report(id)
	if errors.Is(err, fs.ErrNotExist) {
		c.mu.Lock()
		report = open.ledger.Report(c.Clock.Now().UTC().Truncate(time.Second))
		c.mu.Unlock()
		err = c.Store.SaveReport(report)
	}
	if err != nil {
		c.Metrics.StoreError("report")
		return fmt.Errorf("report of execution %s: %w", id, err)
	}
	c.mu.Lock()
	account := open.ledger.Close(report.Closed)
	c.mu.Unlock()
	if err := c.swapAccount(ctx, fence, open, account); err != nil {
		return err
	}
	c.mu.Lock()
	closed := c.open == open
	if closed {
		c.open = nil
	}
	c.mu.Unlock()
	if closed {
		c.announceClosed(ctx, open, report)
	}
	c.requestPrune()
	c.adoptNext()
	return nil
}

func (c *Controller) announceClosed(ctx context.Context, open *openExecution, report execution.Report) {
	counts, bad := report.Count(), report.Bad()
	result := resultOf(report)
	c.Metrics.SetPool(0, open.record.plan.Settings.PodPoolSize)
	c.Metrics.ExecutionClosed(result, report.Closed.Sub(report.Scheduled))
	c.Log.Info("execution closed", "execution", report.ID, "result", result, "bad", bad,
		"succeeded", counts[execution.Succeeded], "failed", counts[execution.Failed],
		"lost", counts[execution.Lost], "skipped", counts[execution.Skipped])
	c.announce(ctx, recordReference(open.record.object), bad > 0, eventExecutionClosed, summary(counts, bad))
}

func resultOf(report execution.Report) string {
	if report.Bad() > 0 {
		return "failed"
	}
	return "succeeded"
}

func summary(counts execution.Counts, bad int) string {
	var parts []string
	for _, state := range []execution.State{execution.Succeeded, execution.Failed, execution.Lost, execution.Skipped} {
		if counts[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[state], state))
		}
	}
	if len(parts) == 0 {
		return "no node took part"
	}
	return fmt.Sprintf("%s; %d need attention", strings.Join(parts, ", "), bad)
}

// requestPrune has what is older than the history dropped, some time soon.
func (c *Controller) requestPrune() {
	select {
	case c.pruneWake <- struct{}{}:
	default: // it is about to
	}
}

// runPrunes drops old executions whenever it is asked to. What fails is left
// for the next time.
func (c *Controller) runPrunes(ctx context.Context, fence Fence) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.pruneWake:
		}
		if err := c.prune(ctx, fence); err != nil && ctx.Err() == nil {
			c.Log.Warn("old executions not dropped, trying again after the next", "error", err)
		}
	}
}

func (c *Controller) prune(ctx context.Context, fence Fence) error {
	records, err := c.records.list(ctx)
	var damaged *damagedError
	if err != nil && !errors.As(err, &damaged) {
		return err
	}
	onDisk, err := c.Store.Executions()
	if err != nil {
		return err
	}
	byID := map[execution.ID]record{}
	var open, closed []execution.ID
	for _, r := range records {
		byID[r.plan.ID] = r
		if r.account.Phase == execution.Open {
			open = append(open, r.plan.ID)
		} else {
			closed = append(closed, r.plan.ID)
		}
	}
	for _, id := range onDisk {
		if !slices.Contains(open, id) {
			closed = append(closed, id)
		}
	}
	drop, dropJobs := plan.Prune(open, closed, c.Config.ReportHistory, c.Config.JobHistory)
	var errs []error
	for _, id := range drop {
		errs = append(errs, c.drop(ctx, fence, id, byID))
	}
	errs = append(errs, c.deleteJobs(ctx, fence, dropJobs, byID))
	return errors.Join(errs...)
}

// drop drops an execution with all that it left: the record takes its Jobs
// with it.
func (c *Controller) drop(ctx context.Context, fence Fence, id execution.ID, records map[execution.ID]record) error {
	if err := fence(); err != nil {
		return err
	}
	if r, ok := records[id]; ok {
		if err := c.records.delete(ctx, r); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	if err := c.Store.Drop(id); err != nil {
		c.Metrics.StoreError("drop")
		return fmt.Errorf("drop report %s: %w", id, err)
	}
	c.Results.Drop(id)
	c.mu.Lock()
	delete(c.known, id)
	c.mu.Unlock()
	c.Log.Info("execution dropped: it is older than reportHistory", "execution", id)
	return nil
}

// deleteJobs deletes the Jobs of closed executions, each by its UID and only if
// it belongs to the record.
func (c *Controller) deleteJobs(ctx context.Context, fence Fence, ids []execution.ID, records map[execution.ID]record) error {
	if len(ids) == 0 {
		return nil
	}
	wanted := map[execution.ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var errs []error
	for _, job := range c.caches.jobsOf(wanted) {
		key, _ := jobspec.KeyOf(job)
		r, ok := records[key.Execution]
		if !ok || !jobspec.Owned(job, r.owner(), key) || job.DeletionTimestamp != nil {
			continue
		}
		if err := fence(); err != nil {
			return err
		}
		errs = append(errs, c.deleteJob(ctx, job))
	}
	return errors.Join(errs...)
}

func (c *Controller) deleteJob(ctx context.Context, job *batchv1.Job) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	background := metav1.DeletePropagationBackground
	err := c.Client.BatchV1().Jobs(job.Namespace).Delete(ctx, job.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &job.UID},
		PropagationPolicy: &background, // the default would leave the pods
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete Job %s: %w", job.Name, err)
	}
	return nil
}

package controller

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
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

// closeExecution stops taking callbacks, writes the report, and then closes the
// record. Killed in between, the next leader finds how far it came. A leader
// that slept through its Lease may still write its report: as nothing was taken
// any more, it has nothing else to say.
func (c *Controller) closeExecution(ctx context.Context, fence lease.Fence, open *openExecution) error {
	c.mu.Lock()
	phase, closing := open.ledger.Phase(), open.ledger.Closing()
	c.mu.Unlock()
	if phase == execution.Open {
		if err := c.swapAccount(ctx, fence, open, closing); err != nil {
			return err
		}
		c.commit(open, closing)
		return nil // it has another turn at once
	}
	report, err := c.writeReport(open)
	if err != nil {
		c.Metrics.StoreError("report")
		return err
	}
	c.mu.Lock()
	account := open.ledger.Close(report)
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

// writeReport waits for the callbacks that are being taken, and writes down
// what came of the execution, unless an earlier leader has.
func (c *Controller) writeReport(open *openExecution) (execution.Report, error) {
	c.mu.Lock()
	open.closing = true
	tasks := open.ledger.Tasks()
	c.mu.Unlock()
	open.taking.Wait()
	for i, t := range tasks {
		if !t.Reported {
			c.findResult(open, i)
		}
	}
	report, err := c.Store.Report(open.record.Plan.ID)
	if errors.Is(err, fs.ErrNotExist) {
		c.mu.Lock()
		report = open.ledger.Report(c.Clock.Now().UTC().Truncate(time.Second))
		c.mu.Unlock()
		err = nil
	}
	c.mendReport(&report)
	if err == nil { // also if it is there: whoever wrote it may have failed to make it durable
		err = c.Store.SaveReport(report)
	}
	if err == nil && c.addLateResults(report) {
		err = c.Store.SaveReport(report)
	}
	if err != nil {
		return report, fmt.Errorf("report of execution %s: %w", open.record.Plan.ID, err)
	}
	return report, nil
}

// addLateResults takes over what another replica has taken since this one
// looked, and adds it to the written report: one that lost the Lease and does not
// know yet who has it. From here on there is nothing more, because such a replica
// acknowledges nothing once it sees the report.
func (c *Controller) addLateResults(report execution.Report) (found bool) {
	tasks, nodes := map[string]*execution.TaskReport{}, []string{}
	for i, t := range report.Tasks {
		if t.State != execution.Skipped {
			tasks[t.Node], nodes = &report.Tasks[i], append(nodes, t.Node)
		}
	}
	if len(nodes) == 0 {
		return false
	}
	for node, body := range c.Store.Results(report.ID, nodes) {
		key, t := execution.Key{Execution: report.ID, Node: node}, tasks[node]
		c.exportResult(key, body) // it may be another one than before
		if !t.Reported {
			t.Reported, t.Heard, found = true, true, true
			c.exportOutcome(key, t.DurationMS, t.Bad())
		}
	}
	return found
}

func (c *Controller) announceClosed(ctx context.Context, open *openExecution, report execution.Report) {
	counts, result := report.Count(), resultOf(report)
	c.Metrics.SetPool(0, open.record.Plan.Settings.PodPoolSize)
	c.Metrics.ExecutionClosed(result, report.Closed, report.Closed.Sub(report.Scheduled))
	c.Metrics.SetLastReport(report)
	c.Log.Info("execution closed", "execution", report.ID, "result", result, "bad", counts.Bad(),
		"succeeded", counts[execution.Succeeded], "unreported", counts[execution.Unreported], "failed", counts[execution.Failed],
		"lost", counts[execution.Lost], "skipped", counts[execution.Skipped])
	about := kube.ConfigMapReference(open.record.Object)
	if more := otherFailures(report); more != "" {
		c.announce(ctx, about, true, kube.EventTaskFailed, more)
	}
	c.announce(ctx, about, counts.Bad() > 0, kube.EventExecutionClosed, summary(counts))
}

func resultOf(report execution.Report) string {
	if report.Count().Bad() > 0 {
		return "failed"
	}
	return "succeeded"
}

func summary(counts execution.Counts) string {
	if len(counts) == 0 {
		return "no node took part"
	}
	return fmt.Sprintf("%s; %d need attention", counts, counts.Bad())
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
func (c *Controller) runPrunes(ctx context.Context, fence lease.Fence) {
	again := c.Clock.NewTimer(longestSleep)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.pruneWake:
		case <-again.C():
		}
		later, err := c.prune(ctx, fence)
		if err != nil && ctx.Err() == nil {
			c.Log.Warn("old executions not dropped, trying again after the next", "error", err)
		}
		if later > 0 {
			again.Reset(later)
		}
	}
}

// prune drops what is older than the history. It returns after how long there
// is more to drop, or 0.
func (c *Controller) prune(ctx context.Context, fence lease.Fence) (later time.Duration, err error) {
	all, err := c.records.List(ctx)
	if err != nil {
		return longestSleep, err // whose tokens are to be deleted is not known
	}
	errs := []error{c.deleteTokens(ctx, fence, all.Records)}
	if errs[0] != nil {
		later = longestSleep
	}
	c.noteDamaged(ctx, all.Damaged)
	c.tellLosses(ctx)
	onDisk, err := c.Store.Executions()
	if err != nil {
		return later, errors.Join(append(errs, err)...)
	}
	byID := map[execution.ID]record.Record{}
	var open, closed []execution.ID
	for _, r := range all.Records {
		byID[r.Plan.ID] = r
		if r.Account.Phase == execution.Open {
			open = append(open, r.Plan.ID)
		} else {
			closed = append(closed, r.Plan.ID)
		}
	}
	for _, id := range onDisk {
		if !slices.Contains(open, id) && !all.IsNewer(id) && !all.IsDamaged(id) {
			closed = append(closed, id)
		}
	}
	cfg := c.config()
	drop, dropJobs := plan.Prune(open, closed, cfg.ReportHistory, cfg.JobHistory)
	unsettled := func(id execution.ID) bool {
		r, ok := byID[id]
		if !ok {
			return false
		}
		yes, in := c.settled(r)
		if !yes {
			later = max(later, in)
		}
		return !yes
	}
	drop, dropJobs = slices.DeleteFunc(drop, unsettled), slices.DeleteFunc(dropJobs, unsettled)
	for _, id := range drop {
		errs = append(errs, c.drop(ctx, fence, id, byID))
	}
	errs = append(errs, c.deleteJobs(ctx, fence, dropJobs, byID))
	return later, errors.Join(errs...)
}

// drop drops an execution with all that it left: the record takes its Jobs
// with it.
func (c *Controller) drop(ctx context.Context, fence lease.Fence, id execution.ID, records map[execution.ID]record.Record) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if r, ok := records[id]; ok {
		if err := c.records.Delete(write, r); err != nil && !apierrors.IsNotFound(err) {
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
func (c *Controller) deleteJobs(ctx context.Context, fence lease.Fence, ids []execution.ID, records map[execution.ID]record.Record) error {
	if len(ids) == 0 {
		return nil
	}
	wanted := map[execution.ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var errs []error
	for _, job := range c.caches.JobsOf(wanted) {
		key, _ := jobspec.KeyOf(job)
		r, ok := records[key.Execution]
		if !ok || !jobspec.Owned(job, r.Owner(), key) || job.DeletionTimestamp != nil {
			continue
		}
		errs = append(errs, c.deleteJob(ctx, fence, job))
	}
	return errors.Join(errs...)
}

func (c *Controller) deleteJob(ctx context.Context, fence lease.Fence, job *batchv1.Job) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	background := metav1.DeletePropagationBackground
	err = c.Client.BatchV1().Jobs(job.Namespace).Delete(write, job.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &job.UID},
		PropagationPolicy: &background, // the default would leave the pods
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete Job %s: %w", job.Name, err)
	}
	return nil
}

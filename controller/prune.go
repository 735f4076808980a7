package controller

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// requestPrune has what is older than the history dropped, some time soon.
func (m *Manager) requestPrune() {
	select {
	case m.pruneWake <- struct{}{}:
	default: // it is about to
	}
}

// runPrunes drops old executions whenever it is asked to. What fails is left
// for the next time.
func (m *Manager) runPrunes(ctx context.Context, fence lease.Fence) {
	again := m.Clock.NewTimer(timing.LongestSleep)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.pruneWake:
		case <-again.C():
		}
		later, err := m.prune(ctx, fence)
		if err != nil && ctx.Err() == nil {
			m.Log.Warn("old executions not dropped, trying again after the next", "error", err)
		}
		if later > 0 {
			again.Reset(later)
		}
	}
}

// prune drops what is older than the history. It returns after how long there
// is more to drop, or 0.
func (m *Manager) prune(ctx context.Context, fence lease.Fence) (later time.Duration, err error) {
	all, err := m.records.List(ctx)
	if err != nil {
		return timing.LongestSleep, err // whose tokens are to be deleted is not known
	}
	errs := []error{m.tokens.Delete(ctx, fence, all.Records)}
	if errs[0] != nil {
		later = timing.LongestSleep
	}
	m.noteDamaged(ctx, all.Damaged)
	m.announceLosses(ctx)
	onDisk, err := m.Store.Executions()
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
	d := m.source.Current()
	drop, dropJobs := plan.Prune(open, closed, d.ReportHistory, d.JobHistory)
	unsettled := func(id execution.ID) bool {
		r, ok := byID[id]
		if !ok {
			return false
		}
		yes, in := m.settled(r)
		if !yes {
			later = max(later, in)
		}
		return !yes
	}
	drop, dropJobs = slices.DeleteFunc(drop, unsettled), slices.DeleteFunc(dropJobs, unsettled)
	for _, id := range drop {
		errs = append(errs, m.drop(ctx, fence, id, byID))
	}
	errs = append(errs, m.deleteJobs(ctx, fence, dropJobs, byID))
	return later, errors.Join(errs...)
}

// drop drops an execution with all that it left: the record takes its Jobs
// with it.
func (m *Manager) drop(ctx context.Context, fence lease.Fence, id execution.ID, records map[execution.ID]record.Record) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if r, ok := records[id]; ok {
		if err := m.records.Delete(write, r); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	if err := m.Store.Drop(id); err != nil {
		m.Metrics.StoreError("drop")
		return fmt.Errorf("drop report %s: %w", id, err)
	}
	m.results.Drop(id)
	m.mu.Lock()
	delete(m.known, id)
	m.mu.Unlock()
	m.Log.Info("execution dropped: it is older than reportHistory", "execution", id)
	return nil
}

// deleteJobs deletes the Jobs of closed executions, each by its UID and only if
// it belongs to the record.
func (m *Manager) deleteJobs(ctx context.Context, fence lease.Fence, ids []execution.ID, records map[execution.ID]record.Record) error {
	if len(ids) == 0 {
		return nil
	}
	wanted := map[execution.ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var errs []error
	for _, job := range m.caches.JobsOf(wanted) {
		key, _ := jobspec.KeyOf(job)
		r, ok := records[key.Execution]
		if !ok || !jobspec.Owned(job, r.Owner(), key) || job.DeletionTimestamp != nil {
			continue
		}
		errs = append(errs, m.deleteJob(ctx, fence, job))
	}
	return errors.Join(errs...)
}

func (m *Manager) deleteJob(ctx context.Context, fence lease.Fence, job *batchv1.Job) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	background := metav1.DeletePropagationBackground
	err = m.Client.BatchV1().Jobs(job.Namespace).Delete(write, job.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &job.UID},
		PropagationPolicy: &background, // the default would leave the pods
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete Job %s: %w", job.Name, err)
	}
	return nil
}

// settled reports whether no request to create a Job of a closed execution can
// be on its way any more, so that its Jobs may be deleted: their names keep
// what comes late from running. If not, it returns when that will be.
func (m *Manager) settled(r record.Record) (yes bool, in time.Duration) {
	in = kube.RequestGrace - m.Clock.Since(r.Account.ClosedAt)
	return r.Account.Phase == execution.Closed && in <= 0, in
}

// announceLosses announces once in a term which results are lost.
func (m *Manager) announceLosses(ctx context.Context) {
	m.mu.Lock()
	lost := m.losses
	m.losses = nil
	m.mu.Unlock()
	if lost != nil {
		m.announcer.Announce(ctx, lost.About, true, kube.EventResultsLost, execution.Truncate(lost.String(), kube.MaxEventMessage))
	}
}

package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// RequestPrune makes Run prune soon.
func (h *History) RequestPrune() {
	h.mu.Lock()
	h.requests++
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default: // Run is awake already
	}
}

// IsPending reports whether there may be something to prune.
func (h *History) IsPending() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.met < h.requests
}

// pruneOnce prunes, and meets the requests of before if nothing is left to do later.
func (h *History) pruneOnce(ctx context.Context, fence lease.Fence) (later time.Duration, err error) {
	h.mu.Lock()
	requests := h.requests
	h.mu.Unlock()
	later, err = h.prune(ctx, fence)
	switch {
	case err != nil && later == 0:
		later = timing.LongestSleep
	case err == nil && later == 0:
		h.mu.Lock()
		h.met = requests
		h.mu.Unlock()
	}
	return later, err
}

// Run prunes after each request, until ctx ends. What fails is tried again the next time.
func (h *History) Run(ctx context.Context, fence lease.Fence) {
	again := h.Clock.NewTimer(timing.LongestSleep)
	again.Stop() // until a prune leaves something for later
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-again.C():
		}
		later, err := h.pruneOnce(ctx, fence)
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("old executions not pruned, trying again later", "error", err)
		}
		if later > 0 {
			again.Reset(later)
		}
	}
}

// prune drops what is older than the history. If there is more to drop later, it returns
// in how long, otherwise 0.
func (h *History) prune(ctx context.Context, fence lease.Fence) (later time.Duration, err error) {
	// The directory is read before the records: what is opened in between has a record. The
	// other way round, an execution that opens after the list, which may be half a minute old
	// when the directory is read, would count as closed, and its results could be deleted.
	onDisk, unread := h.onDisk()
	all, err := h.Records.ListOf(ctx, h.NodeCronJob)
	if err != nil {
		return timing.LongestSleep, errors.Join(err, unread)
	}
	h.announceDamaged(ctx, all.Damaged)
	errs := []error{
		h.announceLosses(ctx), h.tokens.Delete(ctx, fence, all.Closed), h.deleteLosers(ctx, fence, all.Closed), DropRejected(ctx, fence, h.Records, all.Rejected),
	}
	if errors.Join(errs...) != nil {
		later = timing.LongestSleep
	}
	if unread != nil {
		return later, errors.Join(append(errs, unread)...)
	}
	open, closed := h.byPhase(all, onDisk)
	byID := map[execution.ID]record.Head{}
	for _, head := range all.Opened() {
		byID[head.ID] = head
	}
	limits := h.limits(onDisk)
	drop, dropJobs := plan.Prune(plan.History{
		Open: open, Closed: closed, IsPartial: func(id execution.ID) bool { return h.isPartial(id, byID) }, Reports: limits.Reports, Jobs: limits.Jobs,
	})
	tooEarly := func(id execution.ID) bool {
		head, ok := byID[id]
		if !ok {
			return false
		}
		quiesced, in := h.quiesced(head)
		if !quiesced {
			later = max(later, in)
		}
		return !quiesced
	}
	drop, dropJobs = slices.DeleteFunc(drop, tooEarly), slices.DeleteFunc(dropJobs, tooEarly)
	for _, id := range drop {
		errs = append(errs, h.drop(ctx, fence, id, byID))
	}
	errs = append(errs, h.deleteJobs(ctx, fence, dropJobs, byID))
	return later, errors.Join(errs...)
}

// onDisk returns the executions of the definition that have a report.
func (h *History) onDisk() (ids []execution.ID, err error) {
	all, err := h.Directory.Executions()
	return slices.DeleteFunc(all, func(id execution.ID) bool { return !h.Known(id) }), err
}

// limits returns how many executions are kept. If no spec of the definition has applied in
// this process, because its NodeCronJob is gone or none of its specs is accepted, they are
// those with which its newest execution began. If its report does not say which, all are kept.
func (h *History) limits(onDisk []execution.ID) execution.Retention {
	limits := h.Limits()
	if limits == (execution.Retention{}) && len(onDisk) > 0 {
		newest := slices.Max(onDisk)
		about, err := h.Directory.About(newest)
		if err != nil {
			h.Log.Warn("how many executions are kept is not known: none is pruned", "execution", newest, "error", err)
		}
		limits = about.Retention
	}
	if limits == (execution.Retention{}) {
		return execution.Retention{Reports: math.MaxInt, Jobs: math.MaxInt}
	}
	return limits
}

// isPartial reports whether an execution is over some nodes only, as far as is known.
func (h *History) isPartial(id execution.ID, heads map[execution.ID]record.Head) bool {
	if head, ok := heads[id]; ok {
		return head.Object.Spec.Nodes != nil
	}
	about, err := h.Directory.About(id)
	return err == nil && about.Partial
}

// byPhase returns which executions are open and which are closed. An execution that only
// has a report is closed, unless its record is damaged or of a later version, or this replica
// runs it: a client may have taken the labels by which its record is found. A run may also not
// know yet that it has closed its record, because the response was lost: it needs the report.
func (h *History) byPhase(all record.Listing, onDisk []execution.ID) (open, closed []execution.ID) {
	for _, head := range all.Opened() {
		if head.Phase == execution.Open || h.IsOpen(head.ID) {
			open = append(open, head.ID)
		} else {
			closed = append(closed, head.ID)
		}
	}
	for _, id := range onDisk {
		switch {
		case slices.Contains(open, id):
		case h.IsOpen(id):
			open = append(open, id)
		case !all.IsNewer(id) && !all.IsDamaged(id):
			closed = append(closed, id)
		}
	}
	return open, closed
}

// quiesced reports whether requests to create a Job of a closed execution can no longer be
// carried out. Until then the existing Jobs have to stay: a request for a name that is
// taken fails. If not, it returns in how long.
func (h *History) quiesced(head record.Head) (yes bool, in time.Duration) {
	in = kube.RequestGrace - h.Clock.Since(head.ClosedAt)
	return head.Phase == execution.Closed && in <= 0, in
}

// drop deletes the Execution, with which the garbage collector deletes its plan and its
// Jobs, and then the report. If it fails half way, the report is left, by which the next
// prune finds the execution.
func (h *History) drop(ctx context.Context, fence lease.Fence, id execution.ID, heads map[execution.ID]record.Head) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if head, ok := heads[id]; ok {
		if err := h.Records.Delete(write, head.Object); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	if err := h.Directory.Drop(id); err != nil {
		h.Metrics.StoreError("drop")
		return fmt.Errorf("drop report %s: %w", id, err)
	}
	h.Results.Drop(id)
	h.mu.Lock()
	delete(h.found.Known, id)
	h.mu.Unlock()
	h.Log.Info("execution pruned: it is beyond reportHistory", "execution", id)
	return nil
}

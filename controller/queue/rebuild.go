package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Rebuild restores a state that was deleted, or never written, from the Executions. It is
// what state.Options want: first it changes each Execution that has not ended, so that a
// leader that still goes by the deleted state opens none of them. Entries of Executions
// that are gone stay until it is known that none of their pods runs.
func Rebuild(ctx context.Context, fence lease.Fence, records record.Store, of func() []plan.TicksOf, known plan.State, s *plan.State) error {
	all, err := records.All(ctx)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	var opened []record.Head
	for i := range all {
		e := &all[i]
		listed[string(e.UID)] = true
		if phase := e.Status.Phase; phase != v1alpha1.Closed && phase != v1alpha1.Rejected {
			if err := touch(ctx, fence, records, e); err != nil {
				return err
			}
		}
		if record.IsWaiting(e) || e.Status.Phase == v1alpha1.Rejected {
			continue
		}
		head := record.HeadOf(e)
		opened = append(opened, head)
		if _, err := execution.ParseID(string(head.ID)); err == nil {
			s.Newest = max(s.Newest, head.ID)
			if head.Phase != execution.Closed {
				s.Restore(record.EntryOf(e, head.ID))
			}
		}
	}
	for _, entry := range known.Entries {
		if !listed[entry.UID] {
			s.Restore(entry)
		}
	}
	for _, ticks := range of() {
		s.Recall(KnownTicks(opened, ticks))
	}
	return nil
}

func touch(ctx context.Context, fence lease.Fence, records record.Store, e *v1alpha1.Execution) error {
	write, done, err := fence(ctx)
	if err != nil {
		return fmt.Errorf("touch execution record %s: %w", e.Name, err)
	}
	defer done()
	return records.Touch(write, e)
}

// KnownTicks returns what Executions that were opened show of the ticks of a definition.
func KnownTicks(opened []record.Head, of plan.TicksOf) plan.State {
	ticks := plan.Ticks{UID: of.UID, Schedule: of.Schedule}
	for _, head := range opened {
		if head.Object.Spec.NodeCronJobName != of.Name {
			continue
		}
		if head.Object.Spec.Trigger == v1alpha1.CronTrigger && head.Scheduled.After(ticks.Last) {
			ticks.Last, ticks.Execution = head.Scheduled.UTC().Truncate(time.Second), string(head.Object.UID)
		}
		if at := head.Object.Status.OpenTime; at != nil && at.After(ticks.Opened) {
			ticks.Opened = at.UTC().Truncate(time.Second)
		}
	}
	if ticks.Last.IsZero() {
		return plan.State{}
	}
	if created := of.Created.UTC().Truncate(time.Second); created.After(ticks.Last) {
		ticks.Last, ticks.Execution = created, "" // those are of an earlier NodeCronJob of the name
	}
	return plan.State{Ticks: map[string]plan.Ticks{of.Name: ticks}}
}

package queue

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// told is what the status of the NodeCronJob says of ticks and executions.
type told struct {
	of                 types.UID // of the NodeCronJob; empty: nothing was told in this term
	lastTick, nextTick time.Time
	open               v1alpha1.ExecutionReference
	closed             types.UID // of the Execution
}

// tellStatus reports what the status of the NodeCronJob should say, if that has changed.
func (q *Queue) tellStatus(lastTick, nextTick time.Time) {
	now := told{of: q.Definition().Object.UID, lastTick: lastTick, nextTick: nextTick}
	if now.of == "" {
		return // it has none, or no spec of it has applied
	}
	q.mu.Lock()
	if q.active != nil {
		now.open = referenceOf(q.active.Record().Object)
	}
	last := q.lastClosed
	q.mu.Unlock()
	if last != nil {
		now.closed = last.UID
	}
	if now == q.told {
		return
	}
	q.told = now
	q.NodeCronJob.Report(func(s *v1alpha1.NodeCronJobStatus) { now.write(s, last) })
}

func (t told) write(s *v1alpha1.NodeCronJobStatus, last *v1alpha1.Execution) {
	if !t.lastTick.IsZero() {
		s.LastScheduleTime = &metav1.Time{Time: t.lastTick}
	}
	s.NextScheduleTime, s.ActiveExecution = nil, nil
	if !t.nextTick.IsZero() {
		s.NextScheduleTime = &metav1.Time{Time: t.nextTick}
	}
	if t.open.Name != "" {
		s.ActiveExecution = &t.open
	}
	if last != nil && last.Status.CloseTime != nil && last.Status.Counts != nil {
		s.LastExecution = &v1alpha1.LastExecution{
			ExecutionReference: referenceOf(last), CloseTime: *last.Status.CloseTime, Counts: *last.Status.Counts,
		}
	}
}

func referenceOf(e *v1alpha1.Execution) v1alpha1.ExecutionReference {
	return v1alpha1.ExecutionReference{Name: e.Name, ExecutionID: e.Status.ExecutionID}
}

// noteLast notes an execution that has closed, if it was over all nodes.
func (q *Queue) noteLast(e *v1alpha1.Execution) {
	if e.Spec.Nodes != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lastClosed = e
}

// newestWhole returns the newest of the closed executions that were over all nodes, or nil.
func newestWhole(closed []record.Head) (newest *v1alpha1.Execution) {
	var id execution.ID
	for _, head := range closed {
		if head.Object.Spec.Nodes == nil && head.ID > id {
			newest, id = head.Object, head.ID
		}
	}
	return newest
}

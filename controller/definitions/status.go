package definitions

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Report changes the times and the executions in a NodeCronJob's status: change may be called
// several times, with the status as the API server has it. Conditions follow by themselves.
// Only the leader's reports are written; nothing waits for them, and nothing depends on them.
// A next schedule time is removed while ticks start no executions: the ticker, which learns
// that they do again, reports it again.
func (d *Definitions) Report(name string, change func(*v1alpha1.NodeCronJobStatus)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.members[name]; m != nil && d.term != nil {
		m.reports = append(m.reports, change)
		wake(d.term.news)
	}
}

// facts returns what the conditions of a member follow from. The caller holds the lock.
func (d *Definitions) facts(m *member) Facts {
	f := Facts{Suspended: m.object.Spec.Suspend}
	if !d.unchecked(m) {
		f.Generation, f.Reason, f.Problems = m.verdict.generation, m.verdict.reason, m.verdict.text()
	}
	if m.inEffect != nil {
		f.InEffect = m.inEffect.generation
	}
	return f
}

// statusAfter returns a status after facts and reports.
func statusAfter(before v1alpha1.NodeCronJobStatus, f Facts, reports []func(*v1alpha1.NodeCronJobStatus), now time.Time) v1alpha1.NodeCronJobStatus {
	after := *before.DeepCopy()
	for _, report := range reports {
		report(&after)
	}
	after.LastScheduleTime, after.NextScheduleTime = inSeconds(after.LastScheduleTime), inSeconds(after.NextScheduleTime)
	if last := after.LastExecution; last != nil {
		rounded := *last
		rounded.CloseTime = *inSeconds(&last.CloseTime)
		after.LastExecution = &rounded
	}
	if f.Generation == 0 {
		return after // nothing has been decided
	}
	if !f.ready() {
		after.NextScheduleTime = nil
	}
	after.ObservedGeneration = f.Generation
	f.Last = after.LastExecution
	for _, c := range Conditions(f, before.Conditions) {
		c.LastTransitionTime = metav1.NewTime(now.Truncate(time.Second))
		meta.SetStatusCondition(&after.Conditions, c)
	}
	return after
}

// inSeconds rounds a time as the API server stores it. Otherwise it would never be equal to
// what the API server returns.
func inSeconds(at *metav1.Time) *metav1.Time {
	if at == nil {
		return nil
	}
	rounded := at.Rfc3339Copy()
	return &rounded
}

// writeStatuses writes the statuses that are due, and returns when the next one is. Those
// that are equal to what the cache shows are not written. If the cache lags, its next event
// shows that another one is needed.
func (t *term) writeStatuses(ctx context.Context) (next time.Time) {
	due, next := t.dueStatuses()
	for _, name := range due {
		err := t.writeStatus(ctx, name)
		if ctx.Err() != nil {
			return time.Time{}
		}
		t.mu.Lock()
		if m := t.members[name]; m != nil {
			if m.write.due = (time.Time{}); err == nil {
				m.write.pauses = nil
			} else {
				m.write.failed(t.Clock.Now(), t.Jitter)
			}
			next = timing.Earliest(next, m.write.due)
		}
		t.mu.Unlock()
		if err != nil && !apierrors.IsConflict(err) {
			t.Log.Error("the status of a NodeCronJob was not written, trying again", "nodeCronJob", name, "error", err)
		}
	}
	if len(due) > 0 {
		wake(t.news) // there may be reports since
	}
	return next
}

// dueStatuses returns which statuses to write now, and when the next one is due. One that
// changes is due after settle.
func (t *term) dueStatuses() (due []string, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Clock.Now()
	for _, m := range t.sorted() {
		if len(m.reports) == 0 && equality.Semantic.DeepEqual(m.object.Status, statusAfter(m.object.Status, t.facts(m), nil, now)) {
			m.write = paced{}
			continue
		}
		if m.write.due.IsZero() {
			m.write.due = now.Add(settle)
		}
		if now.Before(m.write.due) {
			next = timing.Earliest(next, m.write.due)
		} else {
			due = append(due, m.object.Name)
		}
	}
	return due, next
}

// writeStatus writes a status, unless it is equal to what the API server has.
func (t *term) writeStatus(ctx context.Context, name string) error {
	write, done, err := t.fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	client := t.Client.V1alpha1().NodeCronJobs(t.Namespace)
	current, err := client.Get(write, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil // the cache will show it
	}
	if err != nil {
		return fmt.Errorf("read NodeCronJob %s: %w", name, err)
	}
	t.mu.Lock()
	m := t.members[name]
	if m == nil || m.object.UID != current.UID || current.Labels[jobspec.OwnerLabel] != t.Controller {
		t.mu.Unlock()
		return nil
	}
	facts, reports := t.facts(m), m.reports
	t.mu.Unlock()
	before := current.Status
	current.Status = statusAfter(before, facts, reports, t.Clock.Now())
	if !equality.Semantic.DeepEqual(before, current.Status) {
		if _, err := client.UpdateStatus(write, current, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("write the status of NodeCronJob %s: %w", name, err)
		}
		t.announce(ctx, current, before)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.members[name] == m && m.object.UID == current.UID { // otherwise, its reports are others
		m.reports = m.reports[len(reports):]
	}
	return nil
}

// announce writes an event if the condition Accepted says something new. It goes by the
// status that was there, so that a new leader does not repeat it.
func (t *term) announce(ctx context.Context, n *v1alpha1.NodeCronJob, before v1alpha1.NodeCronJobStatus) {
	was, is := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionAccepted), meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionAccepted)
	about := kube.Reference(v1alpha1.GroupVersion().String(), v1alpha1.NodeCronJobKind, n)
	switch {
	case is == nil:
	case is.Status == metav1.ConditionTrue && was != nil && was.Status == metav1.ConditionFalse:
		t.Announcer.Announce(ctx, about, false, kube.EventAccepted, is.Message)
	case is.Status == metav1.ConditionFalse && (was == nil || was.Status != is.Status || was.Message != is.Message):
		t.Announcer.Announce(ctx, about, true, kube.EventNotAccepted, execution.Truncate(is.Message, kube.MaxEventMessage))
	}
}

package controller

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// leftAlone is an execution whose record cannot be read.
type leftAlone struct {
	id     execution.ID
	since  time.Time // when this replica first left it alone
	record corev1.ObjectReference
}

// LeaveAlone leaves the record alone that was damaged before this leader knew
// that it had been created: the tick has had its execution.
func (m *Manager) LeaveAlone(id execution.ID, damaged *record.DamagedError) {
	m.Log.Error("execution given up: its record cannot be read, and is left alone", "execution", id, "error", damaged)
	if damaged.Open {
		m.noteLeftAlone(id, damaged)
	}
	m.mu.Lock()
	m.known[id] = true
	m.mu.Unlock()
	m.requestPrune() // which announces it
}

func (m *Manager) noteLeftAlone(id execution.ID, damaged *record.DamagedError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leftAlone[id] = leftAlone{id: id, since: m.Clock.Now(), record: damaged.Reference}
}

// Busy returns which execution is open, and the object that says so: nothing runs
// twice on a node at the same time. One whose record cannot be read is as long as
// a Job of it may run, or may be on its way.
func (m *Manager) Busy(ctx context.Context, why execution.Firing, late time.Time) (id execution.ID, about corev1.ObjectReference, is bool) {
	if a := m.current(); a != nil {
		return a.ID(), kube.ConfigMapReference(a.Record().Object), true
	}
	m.mu.Lock()
	left := slices.SortedFunc(maps.Values(m.leftAlone), func(a, b leftAlone) int { return cmp.Compare(a.id, b.id) })
	m.mu.Unlock()
	log := m.Log.With("step", "look for Jobs of an execution whose record cannot be read", "trigger", why.Trigger, "scheduled", why.Scheduled)
	for _, e := range left {
		may := false
		// Until then a Job may be created by a request that is on its way.
		timing.Sleep(ctx, m.Clock, e.since.Add(kube.RequestGrace), nil)
		err := timing.Retrier{Clock: m.Clock, Jitter: m.Jitter}.Do(ctx, log, late,
			func() (err error) { may, err = m.jobsMayRun(ctx, e.id); return err })
		if may || err != nil {
			return e.id, e.record, true
		}
	}
	return "", about, false
}

// Known reports whether the execution has left a record or a report.
func (m *Manager) Known(id execution.ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known[id]
}

// OpenedSince reports whether an execution has begun at a time or later.
func (m *Manager) OpenedSince(at time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.known {
		if !id.Time().Before(at) {
			return true
		}
	}
	return false
}

// jobsMayRun asks the API server, not the cache, which may lag behind.
func (m *Manager) jobsMayRun(ctx context.Context, id execution.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	selector := jobspec.Selector(m.Options.Config.Name, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(id)
	jobs, err := m.Client.BatchV1().Jobs(m.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the Jobs of execution %s: %w", id, err)
	}
	if slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool { return plan.MayRun(&job) }) {
		return true, nil
	}
	// A Job that was deleted leaves its pod until the pod has had its grace.
	pods, err := m.Client.CoreV1().Pods(m.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the pods of execution %s: %w", id, err)
	}
	now := m.steady.Now()
	return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return plan.PodMayRun(&pod, now) }), nil
}

// noteDamaged records which records cannot be read, and announces those that are
// new, or have been damaged in another way.
func (m *Manager) noteDamaged(ctx context.Context, damaged []*record.DamagedError) {
	m.Metrics.SetDamagedRecords(len(damaged))
	m.mu.Lock()
	var pending []*record.DamagedError
	announced := map[string]string{}
	for _, e := range damaged {
		isOpen := m.active != nil && m.active.ID() == e.ID
		if isOpen {
			continue // it is being read again
		}
		if m.damageAnnounced[e.Reference.Name] != e.Error() {
			pending = append(pending, e)
		}
		announced[e.Reference.Name] = e.Error()
	}
	m.damageAnnounced = announced
	m.mu.Unlock()
	for _, e := range pending {
		m.announcer.Announce(ctx, e.Reference, true, kube.EventRecordDamaged, execution.Truncate(fmt.Sprintf(
			"cannot be read, and is left alone: %v. Correct it, and the next leader goes on with it; or delete it, which deletes its Jobs too", e), kube.MaxEventMessage))
	}
}

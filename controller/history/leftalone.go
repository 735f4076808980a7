package history

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

// LeftAlone is an execution that is open as far as can be told: its record cannot be
// read.
type LeftAlone struct {
	ID     execution.ID
	Since  time.Time // when this replica first left it alone
	Record corev1.ObjectReference
}

// LeaveAlone leaves an execution alone whose record cannot be read.
func (h *History) LeaveAlone(id execution.ID, damaged *record.DamagedError) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found.LeftAlone[id] = LeftAlone{ID: id, Since: h.Clock.Now(), Record: damaged.Reference}
}

// Busy returns which of the executions that were left alone keeps another one from
// beginning, and the object that says so: it does as long as a Job of it may run, or may
// be on its way.
func (h *History) Busy(ctx context.Context, why execution.Firing, late time.Time) (id execution.ID, about corev1.ObjectReference, is bool) {
	h.mu.Lock()
	left := slices.SortedFunc(maps.Values(h.found.LeftAlone), func(a, b LeftAlone) int { return cmp.Compare(a.ID, b.ID) })
	h.mu.Unlock()
	log := h.Log.With("step", "look for Jobs of an execution whose record cannot be read", "trigger", why.Trigger, "scheduled", why.Scheduled)
	for _, e := range left {
		may := false
		// Until then a Job may be created by a request that is on its way.
		timing.Sleep(ctx, h.Clock, e.Since.Add(kube.RequestGrace), nil)
		err := timing.Retrier{Clock: h.Clock, Jitter: h.Jitter}.Do(ctx, log, late,
			func() (err error) { may, err = h.jobsMayRun(ctx, e.ID); return err })
		if may || err != nil {
			return e.ID, e.Record, true
		}
	}
	return "", about, false
}

// jobsMayRun asks the API server, not the cache, which may lag behind.
func (h *History) jobsMayRun(ctx context.Context, id execution.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	selector := jobspec.Selector(h.Controller, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(id)
	jobs, err := h.Client.BatchV1().Jobs(h.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the Jobs of execution %s: %w", id, err)
	}
	if slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool { return plan.MayRun(&job) }) {
		return true, nil
	}
	// A Job that was deleted leaves its pod until the pod has had its grace.
	pods, err := h.Client.CoreV1().Pods(h.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the pods of execution %s: %w", id, err)
	}
	now := h.Steady.Now()
	return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return plan.PodMayRun(&pod, now) }), nil
}

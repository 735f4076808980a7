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

// LeftAlone is an execution whose record is damaged, and which may still be open.
type LeftAlone struct {
	ID     execution.ID
	Since  time.Time // when this replica found the damage
	Record corev1.ObjectReference
}

// LeaveAlone notes an execution whose record is damaged.
func (h *History) LeaveAlone(id execution.ID, damaged *record.DamagedError) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found.LeftAlone[id] = LeftAlone{ID: id, Since: h.Clock.Now(), Record: damaged.Reference}
}

// Busy returns which of the executions with damaged records keeps another one from
// opening, and its record: one of its Jobs may run, or may still be created. At the
// deadline, an execution whose Jobs could not be listed counts as busy.
func (h *History) Busy(ctx context.Context, firing execution.Firing, deadline time.Time) (id execution.ID, about corev1.ObjectReference, busy bool) {
	h.mu.Lock()
	leftAlone := slices.SortedFunc(maps.Values(h.found.LeftAlone), func(a, b LeftAlone) int { return cmp.Compare(a.ID, b.ID) })
	h.mu.Unlock()
	log := h.Log.With("step", "look for Jobs of an execution whose record cannot be read", "trigger", firing.Trigger, "scheduled", firing.Scheduled)
	for _, e := range leftAlone {
		mayRun := false
		// Until then, an earlier request to create a Job may be carried out.
		timing.Sleep(ctx, h.Clock, e.Since.Add(kube.RequestGrace), nil)
		err := timing.Retrier{Clock: h.Clock, Jitter: h.Jitter}.Do(ctx, log, deadline,
			func() (err error) { mayRun, err = h.jobsMayRun(ctx, e.ID); return err })
		if mayRun || err != nil {
			return e.ID, e.Record, true
		}
	}
	return "", about, false
}

// jobsMayRun reports whether a Job or a pod of the execution may run. It asks the API
// server, because the cache may lag behind.
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
	// The pod of a deleted Job runs until the end of its grace period.
	pods, err := h.Client.CoreV1().Pods(h.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the pods of execution %s: %w", id, err)
	}
	now := h.Steady.Now()
	return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return plan.PodMayRun(&pod, now) }), nil
}

package simulation

import (
	"math/rand/v2"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// meddling is what a person does to the NodeCronJob of the ConfigMap's definition. None of its
// edits may take effect: the oracle knows only what the ConfigMap has.
type meddling struct {
	at     time.Duration
	what   string
	policy metav1.DeletionPropagation // for deleteCopy
}

const (
	editPool     = "edit podPoolSize"
	editSchedule = "edit cronExpression"
	disownCopy   = "remove the owner"
	deleteCopy   = "delete"
)

// drawMeddlings draws from a source of its own too. The watch of NodeCronJobs may lag, and
// admission may deny them.
func (s *scenario) drawMeddlings(r *rand.Rand) {
	if s.calmFrom == 0 || chance(r, 0.5) {
		return
	}
	if chance(r, 0.4) {
		lag := s.drawWindow(r, 3, 60)
		lag.kind = nodeCronJobs
		s.lags = append(s.lags, lag)
	}
	if chance(r, 0.3) {
		d := s.drawWindow(r, 3, 60)
		d.kind, d.answer, d.slot = nodeCronJobs, r.IntN(len(denialsOf("", ""))), allSlots
		s.denials = append(s.denials, d)
	}
	for range 1 + r.IntN(3) {
		m := meddling{at: s.drawMoment(r).at, what: []string{editPool, editSchedule, disownCopy}[r.IntN(3)]}
		if chance(r, 0.2) {
			m.what, m.policy = deleteCopy, metav1.DeletePropagationBackground
			if chance(r, 0.3) {
				m.policy = metav1.DeletePropagationOrphan
			}
		}
		s.meddlings = append(s.meddlings, m)
	}
}

// mirrored returns the NodeCronJob of the ConfigMap's definition, or nil.
func (w *world) mirrored() *v1alpha1.NodeCronJob {
	n, _ := w.api.get(nodeCronJobs, name).(*v1alpha1.NodeCronJob)
	return n
}

func (w *world) meddleWithCopy(m meddling) {
	n := w.mirrored()
	if n == nil || n.DeletionTimestamp != nil {
		return
	}
	w.note("person", m.what, "nodecronjobs/"+name, "")
	w.oracle.stats.Meddled++
	edit := func(change func(*v1alpha1.NodeCronJob)) { alter(w, nodeCronJobs, name, change) }
	switch m.what {
	case editPool:
		edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 50 })
	case editSchedule:
		edit(func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "* * * * *" })
	case disownCopy:
		edit(func(n *v1alpha1.NodeCronJob) { delete(n.Labels, jobspec.OwnerLabel) })
	case deleteCopy:
		v := w.defined[name].now()
		v.from, v.there = time.Now(), false
		w.defined[name] = append(w.defined[name], v)
		w.suspends = append(w.suspends, suspendOf{false, time.Now()})
		w.delete(nodeCronJobs, name, &m.policy)
	}
}

// hasMirrored notes that a process has created the NodeCronJob of the ConfigMap's definition.
func (w *world) hasMirrored() {
	w.defined[name] = append(w.defined[name], version{from: time.Now(), terms: w.scenario.own(), there: true, valid: true})
	if n := w.mirrored(); n.Spec.Suspend {
		w.fail("I13: the NodeCronJob of the ConfigMap's definition was created suspended")
	}
}

// notMirrored describes how the NodeCronJob of the ConfigMap's definition differs from that;
// empty: it does not.
func (w *world) notMirrored() string {
	n := w.mirrored()
	if n == nil || n.DeletionTimestamp != nil {
		return "I13: the ConfigMap's definition has no NodeCronJob"
	}
	want, got := config.ToResource(w.scenario.config().Definition), n.Spec
	want.Suspend, got.CronExpression = w.isSuspended(), strings.TrimSpace(got.CronExpression) // a reload adds spaces
	if !equality.Semantic.DeepEqual(want, got) || n.Labels[jobspec.OwnerLabel] != name {
		return "I13: the NodeCronJob is not as the ConfigMap's definition"
	}
	return ""
}

// isSuspended reports whether the NodeCronJob of the ConfigMap's definition is suspended.
func (w *world) isSuspended() bool {
	return len(w.suspends) > 0 && w.suspends[len(w.suspends)-1].suspended
}

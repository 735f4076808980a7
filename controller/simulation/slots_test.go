package simulation

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// checkPool counts the Jobs that have, or may still get, a running pod: those of the definition,
// and those of all of them.
func (o *oracle) checkPool(what, but string, key execution.Key) {
	w := o.world
	own, all := 0, 0
	r := o.records[key.Execution]
	for job, l := range w.lives {
		if job != but && (!o.holdsSlot(l) || o.isForgotten(l.key.Execution)) {
			continue
		}
		all++
		if o.definitionOf(l) == r.plan.NodeCronJob {
			own++
		}
	}
	if _, known := w.lives[but]; !known { // it is being created
		own, all = own+1, all+1
	}
	if most := r.plan.Settings.PodPoolSize; own > most {
		w.fail("I2: with %s, %d Jobs of %s are in flight, and %d may be", what, own, r.plan.NodeCronJob, most)
	}
	if most := w.scenario.maxPods; most > 0 && len(w.scenario.capChanges) == 0 && all > most {
		w.fail("I2: with %s, %d Jobs are in flight, and maxPods is %d", what, all, most)
	}
}

// holdsSlot reports whether the pod of a Job runs or may run. A pod that has to end holds
// its slot for at most its grace period and a minute, and loses it on a node that is
// deleted, or silent for a minute.
func (o *oracle) holdsSlot(l *life) bool {
	w := o.world
	pod := w.pod(l)
	switch {
	case l.ended, w.frozenNodeGone(l), l.silent, o.isSilent(l):
		return false
	case w.job(l) == nil && !l.running, l.concl && pod == nil:
		return false
	case pod != nil && pod.DeletionTimestamp != nil && !l.running:
		return false
	}
	told := l.told()
	return told.IsZero() || time.Since(told) < l.grace()+margin
}

// margin is how long after its grace period a pod may count as running.
const margin = time.Minute

// grace returns the grace period of the pod.
func (l *life) grace() time.Duration {
	return time.Duration(*l.job.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
}

// told returns when the pod was deleted or its Job was stopped, as the API server says it: in
// seconds.
func (l *life) told() time.Time {
	if l.deleted.After(l.stopped) {
		return l.deleted.Truncate(time.Second)
	}
	return l.stopped.Truncate(time.Second)
}

// isSilent reports whether the pod has to end, and its node is silent for a minute.
func (o *oracle) isSilent(l *life) bool {
	node := o.world.node(l.key.Node)
	if node == nil || l.told().IsZero() {
		return false
	}
	ready := node.Status.Conditions[0]
	return ready.Status == corev1.ConditionUnknown && time.Since(ready.LastTransitionTime.Time) >= margin
}

// noteSilence is called before a node becomes ready again.
func (o *oracle) noteSilence(node string) {
	for _, l := range o.world.lives {
		l.silent = l.silent || (l.key.Node == node && o.isSilent(l))
	}
}

// podStarts checks that no pod of an earlier execution of the definition runs beside the pod.
func (o *oracle) podStarts(l *life) {
	for _, other := range o.world.lives {
		if other != l && o.definitionOf(l) == o.definitionOf(other) && other.key.Node == l.key.Node && other.running && !other.ended && o.world.pod(other) != nil {
			o.world.fail("I9: the pod %s starts on %s, where %s still runs", l.pod, l.key.Node, other.pod)
		}
	}
}

// definitionOf returns the name of the definition of a Job.
func (o *oracle) definitionOf(l *life) string {
	if r := o.records[l.key.Execution]; r != nil {
		return r.plan.NodeCronJob
	}
	return ""
}

// wasBusy reports whether a pod of another execution of the definition has run on the node.
func (o *oracle) wasBusy(r *recordState, node string) bool {
	for _, l := range o.world.lives {
		if l.key.Node == node && l.key.Execution != r.plan.ID && l.running && o.definitionOf(l) == r.plan.NodeCronJob {
			return true
		}
	}
	return false
}

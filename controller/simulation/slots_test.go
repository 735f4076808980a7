package simulation

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// checkPool counts the Jobs that have, or may still get, a running pod.
func (o *oracle) checkPool(what, but string) {
	w := o.world
	busy := 0
	for name, l := range w.lives {
		if name == but || o.holdsSlot(l) {
			busy++
		}
	}
	if _, known := w.lives[but]; !known {
		busy++ // it is being created
	}
	most := w.scenario.pool
	if w.scenario.maxPods > 0 && len(w.scenario.capChanges) == 0 {
		most = min(most, w.scenario.maxPods)
	}
	if busy > most {
		w.fail("I2: with %s, %d Jobs are in flight, and %d may be", what, busy, most)
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
	return told.IsZero() || time.Since(told) < w.scenario.grace+margin
}

// margin is how long after its grace period a pod may count as running.
const margin = time.Minute

// told returns when the pod was deleted or its Job was stopped.
func (l *life) told() time.Time {
	if l.deleted.After(l.stopped) {
		return l.deleted
	}
	return l.stopped
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

// podStarts checks that no pod of an earlier execution runs beside the pod.
func (o *oracle) podStarts(l *life) {
	for _, other := range o.world.lives {
		if other != l && other.key.Node == l.key.Node && other.running && !other.ended && o.world.pod(other) != nil {
			o.world.fail("I9: the pod %s starts on %s, where %s still runs", l.pod, l.key.Node, other.pod)
		}
	}
}

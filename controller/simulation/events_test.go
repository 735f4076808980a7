package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	deleteNode = "delete"
	cordonNode = "cordon"
	failNode   = "fail"
)

func nodeName(i int) string { return fmt.Sprintf("node-%d", i) }

func newNode(name string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

// scheduleEvents schedules the events of the scenario.
func (w *world) scheduleEvents() {
	s := w.scenario
	for _, stop := range s.stops {
		slot := max(stop.slot, 0)
		w.at(w.start.Add(stop.from), func() { w.stop(slot, w.start.Add(stop.to)) })
	}
	for _, term := range s.terms {
		w.at(w.start.Add(term.at), func() { w.terminate(term.slot) })
	}
	for i, reload := range s.reloads {
		w.at(w.start.Add(reload.at), func() { w.reload(reload.slot, 1+i) })
	}
	for _, cut := range s.cuts {
		w.at(w.start.Add(cut.at), func() { w.cutWatches(cut.slot) })
	}
	for i, e := range s.services {
		w.at(w.start.Add(e.at), func() { w.serviceEvent(i, e) })
	}
	for _, e := range s.nodeEvents {
		w.at(w.start.Add(e.at), func() { w.nodeEvent(e) })
	}
	for _, d := range s.damages {
		w.at(w.start.Add(d.at), w.damage)
	}
	for _, e := range s.steerings {
		w.at(w.start.Add(e.at), func() { w.steer(e) })
	}
	for _, c := range s.capChanges {
		w.at(w.start.Add(c.at), func() { w.setMaxPods(c.maxPods) })
	}
	for _, x := range s.suspensions {
		w.at(w.start.Add(x.from), func() { w.suspend(true) })
		if x.to > 0 {
			w.at(w.start.Add(x.to), func() { w.suspend(false) })
		}
	}
	for _, m := range s.meddlings {
		w.at(w.start.Add(m.at), func() { w.meddleWithCopy(m) })
	}
	for _, d := range s.stateDeletions {
		w.at(w.start.Add(d.at), w.deleteState)
	}
	for n, e := range s.persons {
		w.at(w.start.Add(e.at), func() { w.personEvent(n, e) })
	}
	for n, e := range s.reruns {
		w.at(w.start.Add(e.at), func() { w.rerun(n, e) })
	}
	for _, e := range s.userEvents {
		w.at(w.start.Add(e.at), func() { w.userEvent(e) })
	}
	for _, p := range s.patches {
		w.at(w.start.Add(p.at), func() { w.patch(p) })
	}
}

// reload gives a process another configuration, in which only the notation of the schedule
// differs. No tick may be lost or repeated because of it.
func (w *world) reload(slot, n int) {
	p := w.slots[slot]
	if p == nil || p.replica == nil {
		return
	}
	w.note(p.name, "reload", "", "")
	cfg := p.config()
	p.spaces = strings.Repeat(" ", n)
	cfg.CronExpression += p.spaces
	p.replica.manager.Reconfigure(cfg)
}

func (w *world) nodeEvent(e nodeEvent) {
	node := nodeName(e.node)
	if w.node(node) == nil {
		return
	}
	w.note("world", e.what, node, "")
	var undo func()
	switch e.what {
	case deleteNode:
		w.api.remove(nodes, node)
		for _, job := range slices.Sorted(maps.Keys(w.lives)) {
			if l := w.lives[job]; l.key.Node == node {
				w.lost(l)
			}
		}
		undo = func() { w.must(w.api.create(nodes, newNode(node))) }
	case cordonNode:
		w.setNode(node, func(n *corev1.Node) { n.Spec.Unschedulable = true })
		undo = func() { w.setNode(node, func(n *corev1.Node) { n.Spec.Unschedulable = false }) }
	case failNode:
		w.setNode(node, setReady(corev1.ConditionUnknown))
		undo = func() {
			w.oracle.noteSilence(node)
			w.setNode(node, setReady(corev1.ConditionTrue))
		}
	}
	if e.back > 0 {
		w.after(e.back, func() {
			if e.what != deleteNode || w.node(node) == nil {
				w.note("world", "undo "+e.what, node, "")
				undo()
			}
		})
	}
}

func setReady(status corev1.ConditionStatus) func(*corev1.Node) {
	return func(n *corev1.Node) {
		if n.Status.Conditions[0].Status == status {
			return
		}
		n.Status.Conditions[0].Status = status
		n.Status.Conditions[0].LastTransitionTime = metav1.NewTime(time.Now().Truncate(time.Second))
	}
}

func (w *world) setNode(name string, f func(*corev1.Node)) { alter(w, nodes, name, f) }

// userEvent deletes a Job or a pod, as a user may.
func (w *world) userEvent(e userEvent) {
	objects := w.api.tables[e.kind].at(w.api.version)
	if len(objects) == 0 {
		return
	}
	picked := objects[e.pick%len(objects)].GetName()
	w.note("user", "delete", string(e.kind)+"/"+picked, "")
	if e.kind == jobs {
		w.oracle.deletedByUser(picked)
		w.remove(jobs, picked)
		return
	}
	for _, l := range w.lives {
		if l.pod == picked {
			l.byUser = true
			w.deletePod(l)
		}
	}
}

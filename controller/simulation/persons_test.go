package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// personEvent is that a person creates an Execution.
type personEvent struct {
	of   string // the definition
	at   time.Duration
	what string
	tick time.Duration // of the schedule
}

// What a person creates.
const (
	ownName     = "an Execution"
	tickName    = "an Execution with the name of a tick's"
	ofTick      = "the Execution of a tick"
	ofNoTick    = "the Execution of a time that is no tick"
	ofOldTick   = "the Execution of a tick of yesterday"
	isCanceled  = "an Execution that is canceled"
	onSomeNodes = "an Execution on some nodes"
)

// drawPersons draws from a source of its own.
func (s *scenario) drawPersons(r *rand.Rand) {
	if chance(r, 0.5) {
		return
	}
	for range 1 + r.IntN(3) {
		e := personEvent{
			of: name, at: seconds(r, 1, int(s.ticks[len(s.ticks)-1]/time.Second)+60), tick: s.ticks[r.IntN(len(s.ticks))],
			what: []string{ownName, ownName, ownName, tickName, ofTick, ofNoTick, ofOldTick, isCanceled, onSomeNodes}[r.IntN(9)],
		}
		if chance(r, 0.3) { // about when it matters
			e.at = max(e.tick+seconds(r, -2, 2), time.Second)
		}
		s.persons = append(s.persons, e)
	}
}

func (w *world) personEvent(n int, p personEvent) {
	tick := w.start.Add(p.tick)
	e := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("by-hand-%d", n), Namespace: namespace},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: p.of, Trigger: v1alpha1.ManualTrigger},
	}
	ofTheTick := func(at time.Time) {
		e.Spec.Trigger, e.Spec.ScheduledTime = v1alpha1.CronTrigger, &metav1.Time{Time: at}
	}
	switch p.what {
	case tickName:
		e.Name = p.of + "-" + string(execution.NewID(tick))
	case ofTick:
		ofTheTick(tick)
	case ofNoTick:
		ofTheTick(time.Now().Truncate(time.Second))
	case ofOldTick:
		ofTheTick(tick.Add(-24 * time.Hour))
	case isCanceled:
		e.Spec.Cancel = v1alpha1.CancelStop
	case onSomeNodes:
		e.Spec.Nodes = &v1alpha1.ExecutionNodes{Names: []v1alpha1.NodeName{v1alpha1.NodeName(nodeName(0))}}
	}
	w.note("person", "create", "executions/"+e.Name, p.what)
	if w.api.get(executions, e.Name) == nil {
		w.must(w.create(executions, e))
	}
}

// waiting returns the Executions that are neither open nor rejected nor closed.
func (w *world) waiting() (names []string) {
	for _, o := range w.api.tables[executions].at(w.api.version) {
		if e, ok := o.(*v1alpha1.Execution); ok && record.IsWaiting(e) {
			names = append(names, e.Name)
		}
	}
	return names
}

// entries returns the lines of the state about executions, each as its fields.
func (w *world) entries() (lines [][]string) {
	state, ok := w.api.get(configMaps, stateName).(*corev1.ConfigMap)
	if !ok {
		return nil
	}
	return entriesOf(state)
}

func entriesOf(state *corev1.ConfigMap) (lines [][]string) {
	for line := range strings.Lines(state.Data["executions"]) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

// checkEntry checks that an execution opens only with an entry in the state, which is the only
// one of its definition, and only later than all before.
func (o *oracle) checkEntry(id execution.ID, e *v1alpha1.Execution) {
	lines := slices.DeleteFunc(o.world.entries(), func(line []string) bool { return line[2] != e.Spec.NodeCronJobName })
	state, _ := o.world.api.get(configMaps, stateName).(*corev1.ConfigMap)
	_, known := o.sharesOf(state) // unless it was deleted after the execution had its entry
	if known && (len(lines) != 1 || lines[0][0] != string(e.UID) || lines[0][3] != string(id)) {
		o.world.fail("I7: execution %s, of %s, was opened while the state has the entries %v", id, e.Name, lines)
	}
	for other, r := range o.records {
		if other > id && r.plan.NodeCronJob == e.Spec.NodeCronJobName {
			o.world.fail("I7: execution %s was opened after %s", id, other)
		}
	}
}

// rejectedAs returns why an Execution was rejected; empty: it was not.
func rejectedAs(e *v1alpha1.Execution) string {
	if e.Status.Phase != v1alpha1.Rejected || len(e.Status.Conditions) == 0 {
		return ""
	}
	return e.Status.Conditions[0].Reason
}

// checkRejected checks what may be rejected, and why.
func (o *oracle) checkRejected(before, now *v1alpha1.Execution) {
	if !record.IsWaiting(before) || now.Status.ExecutionID != "" || len(now.Status.Conditions) != 1 {
		o.world.fail("I7: the Execution %s was rejected, but is %+v", now.Name, now.Status)
		return
	}
	o.stats.Rejected++
	reason := now.Status.Conditions[0].Reason
	o.checkLine(now, reason)
	if isCanceled := reason == v1alpha1.ReasonCanceled; (isCanceled && !byPerson(now)) || (slices.Contains(aboutNodes(), reason) && now.Spec.Nodes == nil) {
		o.world.fail("I7: the Execution %s was rejected as %s", now.Name, reason)
	}
}

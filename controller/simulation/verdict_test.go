package simulation

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// sent records that a node is about to send a result. From here on the result may be
// stored, with or without a response.
func (o *oracle) sent(m message) {
	r := o.results[m.series()]
	if r == nil {
		r = &resultState{may: map[int]bool{}, doubt: map[int]bool{}}
		o.results[m.series()] = r
	}
	r.may[m.value] = true
}

// acknowledged records that a result was acknowledged, and checks that it is durable.
func (o *oracle) acknowledged(m message) {
	r := o.results[m.series()]
	if r.last == 0 {
		o.stats.Acknowledged++
	}
	r.last, r.may = m.value, map[int]bool{}
	stored, ok := o.world.disk.Durable(resultFile(m.key))
	if !ok || !r.allows(partsOf(stored)[m.part]) {
		o.world.fail("I4: part %s of %s in %s was acknowledged, but a power failure would lose it", m.part, m.key.Node, m.key.Execution)
	}
}

// inDoubt records that the outcome of a request is unknown. A suspended process may resume
// it at any time.
func (o *oracle) inDoubt(m message) { o.results[m.series()].doubt[m.value] = true }

// partsOf returns the values of a stored result.
func partsOf(stored []byte) map[string]int {
	var gauges map[string][]struct {
		Value  int
		Labels map[string]string
	}
	if json.Unmarshal(stored, &gauges) != nil {
		return nil
	}
	parts := map[string]int{}
	for _, sample := range gauges[gaugeName] {
		parts[sample.Labels[gaugeLabel]] = sample.Value
	}
	return parts
}

// refused checks that the controller does not reject the result of a running pod for
// good.
func (o *oracle) refused(l *life, err error) {
	r := o.records[l.key.Execution]
	_, ended := r.outcomes[r.index[l.key.Node]]
	if r.phase == execution.Open && !r.damaged && !r.gone && !ended && !l.ended && l.stopped.IsZero() && o.world.job(l) != nil && !o.world.frozenNodeGone(l) {
		o.world.fail("I8: the pod %s runs, and its result was refused: %v", l.pod, err)
	}
}

func resultFile(key execution.Key) string { return string(key.Execution) + "/" + key.Node + ".json" }

func (o *oracle) afterPowerLoss() {
	o.stats.PowerLosses++
	for of, r := range o.results {
		if r.last != 0 && !o.dropped(of.Execution) {
			o.checkStored(of, r)
		}
	}
}

// dropped reports whether an execution may have been pruned: its record is deleted first.
func (o *oracle) dropped(id execution.ID) bool {
	r := o.records[id]
	return r == nil || r.gone
}

func (o *oracle) checkStored(of series, r *resultState) {
	body, err := fs.ReadFile(o.world.disk.FS(), resultFile(of.Key))
	if err != nil {
		o.world.fail("I4: part %s of %s in %s was acknowledged and is lost: %v", of.part, of.Node, of.Execution, err)
		return
	}
	if !r.allows(partsOf(body)[of.part]) {
		o.world.fail("I4: part %s of %s in %s was acknowledged as %d, and stored is %s", of.part, of.Node, of.Execution, r.last, body)
	}
}

// checkReport compares the report with the record, and with what was
// acknowledged.
func (o *oracle) checkReport(id execution.ID, r *recordState) {
	w := o.world
	body, err := fs.ReadFile(w.disk.FS(), string(id)+"/execution.json")
	var report execution.Report
	if err == nil {
		err = json.Unmarshal(body, &report)
	}
	if err != nil {
		w.fail("I3: execution %s is closed and has no report: %v", id, err)
		return
	}
	lines := map[string][]execution.TaskReport{}
	for _, t := range report.Tasks {
		lines[t.Node] = append(lines[t.Node], t)
	}
	unreported, err := execution.ParseIndexes(string(r.object.Status.Account.Unreported))
	if err != nil {
		w.fail("I3: the record of %s: %v", id, err)
	}
	for i, node := range r.plan.Nodes {
		key := execution.Key{Execution: id, Node: node.Name}
		line := lines[node.Name]
		if len(line) != 1 {
			w.fail("I3: the report of %s has %d entries for %s", id, len(line), node.Name)
			return
		}
		if line[0].State != r.outcomes[i].State || line[0].Reason != r.outcomes[i].Reason {
			w.fail("I3: the report of %s says %s of %s, the record %s", id, line[0].State, node.Name, r.outcomes[i].State)
		}
		if quiet := line[0].State == execution.Succeeded && !line[0].Reported; r.phase == execution.Closed && unreported.Has(i) != quiet {
			w.fail("I3: the report of %s says that %s sent a result: %t; the record says otherwise", id, node.Name, line[0].Reported)
		}
		for _, part := range []string{firstPart, secondPart} {
			if result := o.results[series{key, part}]; result != nil && result.last != 0 && !line[0].Reported {
				w.fail("I4: part %s of %s in %s was acknowledged, and the report says that there is no result", part, node.Name, id)
			}
		}
	}
}

// missing describes what is still to be done, or returns nothing.
func (w *world) missing() string {
	if w.since() < w.scenario.lastRerun()+time.Second {
		return "a person has not come yet"
	}
	if open := w.oracle.unfinished(); len(open) > 0 {
		return fmt.Sprintf("execution %s is still open", open[0])
	}
	if waiting := w.waiting(); len(waiting) > 0 {
		return fmt.Sprintf("the Execution %s still waits", waiting[0])
	}
	for _, entry := range w.entries() {
		if !w.oracle.keeps(entry[2]) {
			return fmt.Sprintf("the state still has the entry %v", entry)
		}
	}
	if left := w.left(); left != "" {
		return left
	}
	if w.since() < w.scenario.lastChange() {
		return "a NodeCronJob is yet to change"
	}
	if differs := w.notMirrored(); differs != "" {
		return differs
	}
	if w.isNearTick() {
		return "a tick is about to come"
	}
	for _, t := range w.demanded() {
		if _, done := w.oracle.ticks[tickKey{t.of, t.at}]; done || w.oracle.excused(t) {
			continue
		}
		return "no execution of " + t.of + " was opened for the tick of " + t.at.Format(time.TimeOnly)
	}
	for _, p := range w.scenario.persons {
		if w.since() <= p.at {
			return "a person is yet to create " + p.what
		}
	}
	if w.leader() == nil {
		return "no replica leads"
	}
	if left := w.oracle.tokensLeft(); left != "" {
		return left // a failed deletion is retried
	}
	exported := w.exported()
	for of, r := range w.oracle.results {
		if r.last != 0 && w.oracle.isExported(of.Execution) && !r.allows(exported[of]) {
			return fmt.Sprintf("I4: part %s of %s in %s is not exported", of.part, of.Node, of.Execution)
		}
	}
	return ""
}

// isExported reports whether the results of an execution have to be exported.
func (o *oracle) isExported(id execution.ID) bool {
	return !o.dropped(id) && !o.records[id].damaged && o.world.defined[o.records[id].plan.NodeCronJob].now().there
}

// startingDeadline returns the longest one that a definition has had.
func (o *oracle) startingDeadline(definition string) (longest time.Duration) {
	for _, v := range o.world.defined[definition] {
		longest = max(longest, v.terms.startingDeadline)
	}
	return longest
}

// excused reports whether a tick needs no execution: another execution of the definition was
// open when the tick was due, or no replica could lead in time.
func (o *oracle) excused(t tick) bool {
	w := o.world
	last := t.at.Add(t.deadline)
	if last.Before(w.start.Add(w.scenario.calmFrom + 2*leaseDuration + 60*time.Second)) {
		return time.Now().After(last.Add(30 * time.Second))
	}
	if t.of == name && w.suspendedAround(t) {
		return true
	}
	for _, r := range o.records {
		if r.plan.NodeCronJob != t.of || r.plan.Scheduled.After(t.at) {
			continue
		}
		if r.damaged || (r.collected && t.at.Sub(r.goneAt) < 5*time.Minute) {
			return true // its Jobs or its pods may have run
		}
	}
	for _, x := range o.openings {
		if o.records[x.id].plan.NodeCronJob == t.of && o.keptOpen(x, t, last) {
			return true
		}
	}
	return false
}

// judge checks what must hold at the end.
func (w *world) judge() {
	if w.problem != "" {
		return
	}
	for of, r := range w.oracle.results {
		if w.oracle.dropped(of.Execution) {
			continue
		}
		if r.last != 0 {
			w.oracle.checkStored(of, r)
		} else {
			w.oracle.stats.Unreported++
		}
	}
	for id, r := range w.oracle.records {
		if !r.gone && !r.damaged && !w.oracle.waits(id) && !w.oracle.isStarved(id) {
			w.oracle.checkReport(id, r)
		}
	}
	w.oracle.checkReportsStay()
	if left := w.oracle.tokensLeft(); left != "" {
		w.fail("%s", left)
	}
	w.oracle.stats.Crashes = w.crashed
}

// leader returns the process that the Lease names, or nil.
func (w *world) leader() *process {
	lease, ok := w.api.get(leases, leaseName).(*coordinationv1.Lease)
	if !ok || lease.Spec.HolderIdentity == nil {
		return nil
	}
	i := slices.IndexFunc(w.slots, func(p *process) bool {
		return p != nil && p.replica != nil && p.identity() == *lease.Spec.HolderIdentity
	})
	if i < 0 {
		return nil
	}
	return w.slots[i]
}

// exported returns the gauges of the leader.
func (w *world) exported() map[series]int {
	found := map[series]int{}
	leader := w.leader()
	if leader == nil {
		return found
	}
	metrics := make(chan prometheus.Metric, 1000)
	leader.replica.results.Collect(metrics)
	close(metrics)
	for metric := range metrics {
		var m dto.Metric
		if metric.Write(&m) != nil {
			continue
		}
		var of series
		for _, label := range m.GetLabel() {
			switch label.GetName() {
			case "node":
				of.Node = label.GetValue()
			case "executionID":
				of.Execution = execution.ID(label.GetValue())
			case gaugeLabel:
				of.part = label.GetValue()
			}
		}
		r := w.oracle.records[of.Execution]
		if r != nil && strings.Contains(metric.Desc().String(), strconv.Quote(w.defined[r.plan.NodeCronJob].now().terms.prefix+"_"+gaugeName)) {
			found[of] = int(m.GetGauge().GetValue())
		}
	}
	return found
}

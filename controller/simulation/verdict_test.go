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

// sent takes down that a node is about to report. It may be stored from here
// on, whether anybody is told or not.
func (o *oracle) sent(key execution.Key, body []byte) {
	r := o.results[key]
	if r == nil {
		r = &resultState{may: map[string]bool{}, doubt: map[string]bool{}}
		o.results[key] = r
	}
	r.may[string(body)] = true
}

// acknowledged takes down that a node was told that its result is safe, and
// looks whether it is.
func (o *oracle) acknowledged(key execution.Key, body []byte) {
	r := o.results[key]
	if r.last == "" {
		o.stats.Acknowledged++
	}
	r.last, r.may = string(body), map[string]bool{}
	stored, ok := o.world.disk.Durable(resultFile(key))
	if !ok || !r.allows(string(stored)) {
		o.world.fail("I4: the result of %s in %s was acknowledged, but a power failure would lose it", key.Node, key.Execution)
	}
}

// inDoubt takes down that nobody knows what became of a request. A process that
// is stopped may go on with it at any time.
func (o *oracle) inDoubt(key execution.Key, body []byte) { o.results[key].doubt[string(body)] = true }

// refused is told that a pod which runs was told for good that nobody waits
// for its result.
func (o *oracle) refused(l *life, err error) {
	r := o.records[l.key.Execution]
	_, ended := r.outcomes[r.index[l.key.Node]]
	if r.phase == execution.Open && !r.damaged && !ended && !l.ended && l.stopped.IsZero() && o.world.job(l) != nil && !o.world.frozenNodeGone(l) {
		o.world.fail("I8: the pod %s runs, and its result was refused: %v", l.pod, err)
	}
}

func resultFile(key execution.Key) string { return string(key.Execution) + "/" + key.Node + ".json" }

func (o *oracle) afterPowerLoss() {
	o.stats.PowerLosses++
	for key, r := range o.results {
		if r.last != "" && !o.dropped(key.Execution) {
			o.checkStored(key, r)
		}
	}
}

// dropped reports whether an execution may have been dropped with all that it
// left: the record goes first.
func (o *oracle) dropped(id execution.ID) bool {
	r := o.records[id]
	return r == nil || r.gone
}

func (o *oracle) checkStored(key execution.Key, r *resultState) {
	body, err := fs.ReadFile(o.world.disk.FS(), resultFile(key))
	if err != nil {
		o.world.fail("I4: the result of %s in %s was acknowledged and is lost: %v", key.Node, key.Execution, err)
		return
	}
	if !r.allows(string(body)) {
		o.world.fail("I4: the result of %s in %s was acknowledged as %s and is %s", key.Node, key.Execution, r.last, body)
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
	unreported, err := execution.ParseIndexes(r.object.Data["unreported"])
	if err != nil {
		w.fail("I3: the record of %s: %v", id, err)
	}
	for i, node := range r.plan.Nodes {
		key := execution.Key{Execution: id, Node: node.Name}
		line := lines[node.Name]
		if len(line) != 1 {
			w.fail("I3: the report of %s has %d lines of %s", id, len(line), node.Name)
			return
		}
		if line[0].State != r.outcomes[i].State || line[0].Reason != r.outcomes[i].Reason {
			w.fail("I3: the report of %s says %s of %s, the record %s", id, line[0].State, node.Name, r.outcomes[i].State)
		}
		if quiet := line[0].State == execution.Succeeded && !line[0].Reported; r.phase == execution.Closed && unreported.Has(i) != quiet {
			w.fail("I3: the report of %s says that %s sent a result: %t; the record says otherwise", id, node.Name, line[0].Reported)
		}
		if result := o.results[key]; result != nil && result.last != "" && !line[0].Reported {
			w.fail("I4: the result of %s in %s was acknowledged, and the report says that there is none", node.Name, id)
		}
	}
}

// missing says what is still to be done, or nothing.
func (w *world) missing() string {
	if open := w.oracle.openRecords(); len(open) > 0 {
		return fmt.Sprintf("execution %s is still open", open[0])
	}
	for _, tick := range w.scenario.ticks {
		at := w.start.Add(tick)
		if _, done := w.oracle.ticks[at]; done || w.oracle.excused(at) {
			continue
		}
		return "no execution was opened for the tick of " + at.Format(time.TimeOnly)
	}
	if w.leader() == nil {
		return "nobody leads"
	}
	if left := w.oracle.tokensLeft(); left != "" {
		return left // what fails is tried again
	}
	for key, r := range w.oracle.results {
		if r.last != "" && !w.oracle.dropped(key.Execution) && !w.oracle.records[key.Execution].damaged && !w.exported()[key].is(r) {
			return fmt.Sprintf("I4: the result of %s in %s is not exported", key.Node, key.Execution)
		}
	}
	return ""
}

// excused reports whether a tick needs no execution: another one was open when
// it was due, or nobody could lead in time.
func (o *oracle) excused(tick time.Time) bool {
	w := o.world
	last := tick.Add(w.scenario.startingDeadline)
	if last.Before(w.start.Add(w.scenario.calmFrom + 2*leaseDuration + 60*time.Second)) {
		return time.Now().After(last.Add(30 * time.Second))
	}
	for _, r := range o.records {
		if r.damaged && !r.plan.Scheduled.After(tick) {
			return true // its Jobs may have run
		}
	}
	for _, x := range o.openings {
		if x.from.Before(last) && (x.to.IsZero() || x.to.After(tick)) {
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
	for key, r := range w.oracle.results {
		if w.oracle.dropped(key.Execution) {
			continue
		}
		if r.last != "" {
			w.oracle.checkStored(key, r)
		} else {
			w.oracle.stats.Unreported++
		}
	}
	for id, r := range w.oracle.records {
		if !r.gone && !r.damaged {
			w.oracle.checkReport(id, r)
		}
	}
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

// value is what the leader exports of a node.
type value int

func (v value) is(r *resultState) bool {
	shown := fmt.Sprintf(`{"%s":[{"value":%d}]}`, gaugeName, int(v))
	return r.allows(shown)
}

// exported returns the gauges of the leader.
func (w *world) exported() map[execution.Key]value {
	found := map[execution.Key]value{}
	leader := w.leader()
	if leader == nil {
		return found
	}
	series := make(chan prometheus.Metric, 1000)
	leader.replica.results.Collect(series)
	close(series)
	for metric := range series {
		var m dto.Metric
		if !strings.Contains(metric.Desc().String(), strconv.Quote(metricPrefix+"_"+gaugeName)) || metric.Write(&m) != nil {
			continue
		}
		var key execution.Key
		for _, label := range m.GetLabel() {
			switch label.GetName() {
			case "node":
				key.Node = label.GetValue()
			case "executionID":
				key.Execution = execution.ID(label.GetValue())
			}
		}
		found[key] = value(m.GetGauge().GetValue())
	}
	return found
}

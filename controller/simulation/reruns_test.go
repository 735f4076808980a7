package simulation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// rerun is that a person creates an Execution on some nodes.
type rerun struct {
	at     time.Duration
	nodes  []int // by name; empty: those of an earlier execution
	label  bool  // by a selector that all nodes match
	pick   int   // of the Executions that there are
	states []v1alpha1.FinalState
}

// drawReruns draws from a source of its own.
func (s *scenario) drawReruns(r *rand.Rand) {
	if chance(r, 0.4) {
		return
	}
	all := []v1alpha1.FinalState{v1alpha1.Failed, v1alpha1.Lost, v1alpha1.Unreported, v1alpha1.Canceled, v1alpha1.Skipped, v1alpha1.Succeeded}
	for range 1 + r.IntN(3) {
		e := rerun{at: seconds(r, 1, int(s.ticks[len(s.ticks)-1]/time.Second)+150), pick: r.IntN(100), label: chance(r, 0.15)}
		for range 1 + r.IntN(4) {
			e.states = append(e.states, all[r.IntN(len(all))])
		}
		if !e.label && chance(r, 0.4) {
			for range 1 + r.IntN(3) {
				e.nodes = append(e.nodes, r.IntN(s.nodes))
			}
			slices.Sort(e.nodes)
			e.nodes = slices.Compact(e.nodes)
		}
		slices.Sort(e.states)
		e.states = slices.Compact(e.states)
		s.reruns = append(s.reruns, e)
	}
}

// lastRerun returns when the last one comes.
func (s *scenario) lastRerun() (last time.Duration) {
	for _, e := range s.reruns {
		last = max(last, e.at)
	}
	return last
}

func (w *world) rerun(n int, e rerun) {
	asked := &v1alpha1.ExecutionNodes{}
	switch {
	case e.label:
		asked.Selector = &metav1.LabelSelector{}
	case e.nodes != nil:
		for _, i := range e.nodes {
			asked.Names = append(asked.Names, v1alpha1.NodeName(nodeName(i)))
		}
	default:
		var there []string
		for _, o := range w.api.tables[executions].at(w.api.version) {
			there = append(there, o.GetName())
		}
		slices.Sort(there)
		source := "none"
		if len(there) > 0 {
			source = there[e.pick%len(there)]
		}
		asked.FromExecution = &v1alpha1.FromExecution{Name: source, States: e.states}
	}
	object := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("again-%d", n), Namespace: namespace},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: name, Trigger: v1alpha1.ManualTrigger, Nodes: asked},
	}
	w.note("person", "create", "executions/"+object.Name, "on "+nodesText(asked))
	w.must(w.create(executions, object))
}

// byPerson reports whether a person has created an Execution.
func byPerson(e *v1alpha1.Execution) bool {
	return strings.HasPrefix(e.Name, "by-hand-") || strings.HasPrefix(e.Name, "again-")
}

// checkPartial checks that an execution is on the nodes that were asked for, and on no other.
func (o *oracle) checkPartial(id execution.ID, e *v1alpha1.Execution, p execution.Plan) {
	w := o.world
	if p.Partial != (e.Spec.Nodes != nil) {
		w.fail("execution %s, of %s, says that it is partial: %t", id, e.Name, p.Partial)
	}
	if !p.Partial {
		return
	}
	o.stats.Partial++
	if len(p.Nodes)+len(p.Skipped) == 0 {
		w.fail("execution %s, of %s, has no node", id, e.Name)
	}
	var wanted []string
	switch asked := e.Spec.Nodes; {
	case asked.FromExecution != nil:
		wanted = o.endedAs(*asked.FromExecution)
	case asked.Selector != nil:
		return // any
	default:
		for _, name := range asked.Names {
			wanted = append(wanted, string(name))
		}
	}
	took := p.NodeNames()
	for _, skip := range p.Skipped {
		took = append(took, skip.Node)
	}
	slices.Sort(took)
	slices.Sort(wanted)
	if p.Excluded != 0 || !slices.Equal(took, wanted) {
		w.fail("execution %s, of %s, is on the nodes %v, without %d others; asked for were %v", id, e.Name, took, p.Excluded, wanted)
	}
}

// endedAs returns the nodes of a closed execution whose tasks ended in some states.
func (o *oracle) endedAs(from v1alpha1.FromExecution) (names []string) {
	for id, r := range o.records {
		if r.object.Name != from.Name {
			continue
		}
		if r.phase != execution.Closed {
			o.world.fail("a rerun of execution %s was opened before that was closed", id)
		}
		unreported, err := execution.ParseIndexes(string(r.object.Status.Account.Unreported))
		if err != nil {
			o.world.fail("I3: the record of %s: %v", id, err)
		}
		for i, outcome := range r.outcomes {
			state := outcome.State
			if unreported.Has(i) {
				state = execution.Unreported
			}
			if isAmong(state, from.States) {
				names = append(names, r.plan.Nodes[i].Name)
			}
		}
		for _, skip := range r.plan.Skipped {
			if isAmong(execution.Skipped, from.States) {
				names = append(names, skip.Node)
			}
		}
	}
	return names
}

func isAmong(state execution.State, words []v1alpha1.FinalState) bool {
	return slices.ContainsFunc(words, func(word v1alpha1.FinalState) bool { return strings.EqualFold(string(word), string(state)) })
}

// aboutNodes are the reasons with which an Execution on some nodes may be rejected.
func aboutNodes() []string {
	return []string{
		v1alpha1.ReasonNoNodes, v1alpha1.ReasonNodesNotFound, v1alpha1.ReasonExecutionNotFound, v1alpha1.ReasonExecutionNotClosed, v1alpha1.ReasonOtherNodeCronJob,
	}
}

// checkLatest checks that the link to the newest report leads to an execution of the ConfigMap's
// definition over all nodes.
func (o *oracle) checkLatest() {
	target, err := fs.ReadLink(o.world.disk.FS(), "latest")
	if r := o.records[execution.ID(cmp.Or(target, "none"))]; err == nil && r != nil && (r.plan.Partial || r.plan.NodeCronJob != name) {
		o.world.fail("latest is %s, which is partial: %t, and of %s", target, r.plan.Partial, r.plan.NodeCronJob)
	}
}

// nodesText returns which nodes a person asks for.
func nodesText(nodes *v1alpha1.ExecutionNodes) string {
	text, err := json.Marshal(nodes)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

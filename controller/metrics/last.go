package metrics

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// maxBadNodes bounds the nodes with their own series: when everything
// fails, the number of failed nodes says more than their names.
const maxBadNodes = 100

var _ prometheus.Collector = (*lastExecutions)(nil)

// lastExecutions export the outcome of the execution of each definition that closed last:
// an alert needs it to name the nodes, whatever the prefix of results is.
type lastExecutions struct {
	idDesc, nodesDesc, badDesc *prometheus.Desc

	mu           sync.Mutex
	byDefinition map[string]lastExecution
}

// lastExecution is never changed, only replaced.
type lastExecution struct {
	id    execution.ID
	nodes execution.Counts
	bad   map[string]badNode
}

type badNode struct{ outcome, reason string }

func newLastExecutions() *lastExecutions {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "last_execution", name), help, append([]string{labelDefinition}, labels...), nil)
	}
	return &lastExecutions{
		idDesc:       desc("id", "The ID of the execution that closed last, as a number."),
		nodesDesc:    desc("nodes", "Nodes of the execution that closed last, by outcome.", "outcome"),
		badDesc:      desc("bad_node", "1 for each node that needs attention after the execution that closed last; at most 100 of them.", "node", "outcome", "reason"),
		byDefinition: map[string]lastExecution{},
	}
}

// SetLastReport records the outcome of an execution, unless a newer one is known.
func (d *Definition) SetLastReport(r execution.Report) {
	nodes := r.Count()
	for _, verdict := range execution.Verdicts() {
		nodes[verdict] += 0 // a verdict without nodes has a series too
	}
	bad := map[string]badNode{} // by node: a duplicate series would fail the whole scrape
	for _, t := range r.Tasks {
		if t.Bad() && len(bad) < maxBadNodes {
			bad[t.Node] = badNode{string(t.Verdict()), d.reasons.label(string(t.Reason))}
		}
	}
	d.last.set(d.name, lastExecution{r.ID, nodes, bad})
}

func (l *lastExecutions) set(definition string, e lastExecution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.id >= l.byDefinition[definition].id {
		l.byDefinition[definition] = e
	}
}

// forget is for a replica that no longer knows which execution closed last, and for a
// definition that is gone.
func (l *lastExecutions) forget(definition string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.byDefinition, definition)
}

// Describe implements prometheus.Collector.
func (l *lastExecutions) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{l.idDesc, l.nodesDesc, l.badDesc} {
		ch <- desc
	}
}

// Collect implements prometheus.Collector. It needs the lock only to read which executions
// are the last ones.
func (l *lastExecutions) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	last := maps.Clone(l.byDefinition)
	l.mu.Unlock()
	for definition, e := range last {
		ch <- constant(l.idDesc, e.id.Number(), definition)
		for outcome, n := range e.nodes {
			ch <- constant(l.nodesDesc, float64(n), definition, string(outcome))
		}
		for node, b := range e.bad {
			ch <- constant(l.badDesc, 1, definition, node, b.outcome, b.reason)
		}
	}
}

package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// maxBadNodes bounds the nodes with their own series: when everything
// fails, the number of failed nodes says more than their names.
const maxBadNodes = 100

var _ prometheus.Collector = (*lastExecution)(nil)

// lastExecution exports the outcome of the execution that closed last: an alert
// needs it to name the nodes, whatever the prefix of results is.
type lastExecution struct {
	idDesc, nodesDesc, badDesc *prometheus.Desc

	mu    sync.Mutex
	id    execution.ID // empty: none is known
	nodes execution.Counts
	bad   map[string]badNode
}

type badNode struct{ outcome, reason string }

func newLastExecution() *lastExecution {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "last_execution", name), help, labels, nil)
	}
	return &lastExecution{
		idDesc:    desc("id", "The ID of the execution that closed last, as a number."),
		nodesDesc: desc("nodes", "Nodes of the execution that closed last, by outcome.", "outcome"),
		badDesc:   desc("bad_node", "1 for each node that needs attention after the execution that closed last; at most 100 of them.", "node", "outcome", "reason"),
	}
}

// SetLastReport records the outcome of an execution, unless a newer one is known.
func (m *Metrics) SetLastReport(r execution.Report) {
	nodes := r.Count()
	for _, verdict := range execution.Verdicts() {
		nodes[verdict] += 0 // a verdict without nodes has a series too
	}
	bad := map[string]badNode{} // by node: a duplicate series would fail the whole scrape
	for _, t := range r.Tasks {
		if t.Bad() && len(bad) < maxBadNodes {
			bad[t.Node] = badNode{string(t.Verdict()), m.reasons.label(string(t.Reason))}
		}
	}
	m.last.set(r.ID, nodes, bad)
}

// ForgetLastReport is for a replica that no longer knows which execution
// closed last.
func (m *Metrics) ForgetLastReport() { m.last.forget() }

func (l *lastExecution) set(id execution.ID, nodes execution.Counts, bad map[string]badNode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id >= l.id {
		l.id, l.nodes, l.bad = id, nodes, bad
	}
}

func (l *lastExecution) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.id, l.nodes, l.bad = "", nil, nil
}

// Describe implements prometheus.Collector.
func (l *lastExecution) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{l.idDesc, l.nodesDesc, l.badDesc} {
		ch <- desc
	}
}

// Collect implements prometheus.Collector. The maps are replaced, never changed, so it
// needs the lock only to read which ones are current.
func (l *lastExecution) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	id, nodes, bad := l.id, l.nodes, l.bad
	l.mu.Unlock()
	if id == "" {
		return
	}
	ch <- constant(l.idDesc, id.Number())
	for outcome, n := range nodes {
		ch <- constant(l.nodesDesc, float64(n), string(outcome))
	}
	for node, b := range bad {
		ch <- constant(l.badDesc, 1, node, b.outcome, b.reason)
	}
}

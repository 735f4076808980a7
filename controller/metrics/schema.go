package metrics

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// schema is what results are checked against. It never changes: an execution keeps the
// schema that it began with, even if the configuration changes.
type schema struct {
	source []Gauge
	gauges map[string]gauge
	limits Limits
}

// gauge is a Gauge that can be collected.
type gauge struct {
	labels []string // without node and executionID
	desc   string   // in Results.descs
}

func newSchema(gauges []Gauge, limits Limits) *schema {
	s := &schema{source: gauges, gauges: make(map[string]gauge, len(gauges)), limits: limits}
	for _, g := range gauges {
		var own []string
		for _, label := range g.Labels {
			if label != labelNode && label != labelExecution && !slices.Contains(own, label) {
				own = append(own, label)
			}
		}
		s.gauges[g.Name] = gauge{labels: own, desc: strings.Join(append([]string{g.Name}, own...), "\xff")}
	}
	return s
}

func (s *schema) is(gauges []Gauge, limits Limits) bool {
	return s.limits == limits && reflect.DeepEqual(s.source, gauges)
}

// Configure replaces the options. Gauges and the limits of a result apply to executions
// that begin from now on; the rest, such as the prefix, Info and the limit of all series,
// applies at once. It returns how many series it has dropped because there are too many.
func (r *Results) Configure(o ResultOptions) (dropped int) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.budget.most = o.Limits.WithDefaults().Series
	return r.configure(o)
}

// configure is Configure without the limit of all series, for callers that hold the lock.
func (r *Results) configure(o ResultOptions) (dropped int) {
	r.name(o.Prefix)
	r.infoDesc, r.info = newInfo(r.prefix, o.Info)
	r.current = newSchema(o.Gauges, o.Limits.WithDefaults())
	r.describe(r.current, true)
	if r.withLatest != o.Latest {
		r.withLatest = o.Latest
		r.rebuildLatest()
	}
	return r.budget.shrink()
}

// name gives all metrics a prefix. The caller holds the lock.
func (r *Results) name(prefix string) {
	if r.prefix == prefix && r.processing != nil {
		return
	}
	r.prefix = prefix
	r.processing = newDesc(prefix, "processing", "Node with processing error, 1: has error / 0: no error", labelNode, labelExecution)
	r.duration = newDesc(prefix, "duration", "Execution Duration in milliseconds", labelNode, labelExecution)
	r.podsDesc = newDesc(prefix, "pods", "The number of pods started for the last execution")
	r.currentID = newDesc(prefix, "current_execution_id", "The current execution ID")
	descs := make(map[string]*prometheus.Desc, len(r.descs)) // a scrape may be reading the old map
	for key := range r.descs {
		name, labels := splitDesc(key)
		descs[key] = newDesc(prefix, name, r.helps[name], labels...)
	}
	r.descs = descs
}

// Use sets the gauges and the limits of samples that an execution began with: its results
// are checked against these. The limit of a body stays the current one.
func (r *Results) Use(id execution.ID, gauges []Gauge, limits Limits) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.use(id, gauges, limits)
}

func (r *Results) use(id execution.ID, gauges []Gauge, limits Limits) {
	own := r.current.limits
	limits = limits.WithDefaults()
	own.Samples, own.LabelSets, own.LabelValue = limits.Samples, limits.LabelSets, limits.LabelValue
	for _, known := range []*schema{r.schemas[id], r.lastUsed, r.current} {
		if known != nil && known.is(gauges, own) {
			r.schemas[id], r.lastUsed = known, known
			return
		}
	}
	s := newSchema(gauges, own)
	r.schemas[id], r.lastUsed = s, s
	r.describe(s, false)
}

// describe creates the descriptors of a schema's gauges. All metrics of one name must have
// the same help: the help of the current configuration, or else of the first schema with
// the name. The caller holds the lock.
func (r *Results) describe(s *schema, now bool) {
	descs := maps.Clone(r.descs) // a scrape may be reading the old map
	for _, g := range s.source {
		if old, known := r.helps[g.Name]; !known || (now && old != g.Help) {
			r.helps[g.Name] = g.Help
			for key := range descs {
				if name, labels := splitDesc(key); name == g.Name {
					descs[key] = newDesc(r.prefix, name, g.Help, labels...)
				}
			}
		}
		key := s.gauges[g.Name].desc
		if _, known := descs[key]; !known {
			name, labels := splitDesc(key)
			descs[key] = newDesc(r.prefix, name, r.helps[name], labels...)
		}
	}
	r.descs = descs
}

func splitDesc(key string) (name string, labels []string) {
	parts := strings.Split(key, "\xff")
	return parts[0], append(parts[1:], labelNode, labelExecution)
}

// schemaOf returns the schema of an execution's results. The caller holds the lock.
func (r *Results) schemaOf(id execution.ID) *schema {
	if s := r.schemas[id]; s != nil {
		return s
	}
	return r.current
}

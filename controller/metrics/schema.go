package metrics

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// schema is what results are checked against. It is never changed: an execution
// keeps the one it began with, whatever is configured meanwhile.
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

// Configure has executions that begin from now on report other gauges. What is
// not of the results, such as how many series are exported and what Info says,
// is as it says at once. The prefix is not changed. It returns how many series
// are not exported any more because there are too many.
func (r *Results) Configure(o ResultOptions) (dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.infoDesc, r.info = newInfo(r.prefix, o.Info)
	r.maxSeries = o.Limits.WithDefaults().Series
	r.current = newSchema(o.Gauges, o.Limits.WithDefaults())
	r.describe(r.current, true)
	if r.withLatest != o.Latest {
		r.withLatest = o.Latest
		r.rebuildLatest()
	}
	return r.shrink()
}

// Use has the results of an execution checked against gauges of its own: those
// that it began with. Of the limits it has those of the samples.
func (r *Results) Use(id execution.ID, gauges []Gauge, limits Limits) {
	r.mu.Lock()
	defer r.mu.Unlock()
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

// describe makes what the gauges of a schema are exported with. All metrics of
// one name must have the same help: it is the one that is configured now, or
// else the one that was seen first. The caller holds r.mu.
func (r *Results) describe(s *schema, now bool) {
	descs := maps.Clone(r.descs) // a scrape may be reading the other
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
		if _, there := descs[key]; !there {
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

// schemaOf returns what the results of an execution are checked against. The
// caller holds r.mu.
func (r *Results) schemaOf(id execution.ID) *schema {
	if s := r.schemas[id]; s != nil {
		return s
	}
	return r.current
}

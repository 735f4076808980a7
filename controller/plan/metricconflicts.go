package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DerivedMetrics returns the metrics that each definition exports besides its gauges, by the
// part of the name after the prefix.
func DerivedMetrics() []string {
	return []string{"current_execution_id", "duration", "pods", "processing"}
}

// MetricNames are the metrics of a definition.
type MetricNames struct {
	Prefix string
	Gauges []string // by the part of the name after the prefix
}

// MetricOwner is a NodeCronJob, and the metrics that it would export.
type MetricOwner struct {
	Name    string
	Created time.Time
	// Specs are the specs that may be in effect, the most wanted one first.
	Specs []MetricNames
	// Undecided says that it is not known yet whether the first spec will be in effect. Its
	// metrics are kept for it meanwhile.
	Undecided bool
}

// MetricGrant is which spec of a NodeCronJob may be in effect.
type MetricGrant struct {
	Spec      int // the index of the first one that may be; -1: none
	Conflicts []MetricConflict
}

// MetricConflict is why the most wanted spec of a NodeCronJob may not be in effect.
type MetricConflict struct {
	Metric         string // its whole name
	Younger, Older string // NodeCronJobs
	Prefix, Gauge  string // of the younger one; without a gauge it is a derived metric
}

// Problem returns the conflict as a problem of the younger spec.
func (c MetricConflict) Problem() *field.Error {
	at := field.NewPath("spec", "metrics")
	would := fmt.Sprintf("NodeCronJob %s would export %s, which the older NodeCronJob %s exports", c.Younger, c.Metric, c.Older)
	if c.Gauge == "" {
		return field.Invalid(at.Child("prefix"), c.Prefix, "must be another: "+would)
	}
	return field.Invalid(at.Child("gauges").Key(c.Gauge), c.Gauge, "must be another, or the prefix must be: "+would)
}

// MetricConflicts decides which NodeCronJobs may export their metrics: /metrics cannot have
// two of one name. The older one has the name, and of two that were created in the same
// second, the first by name. What is not in effect takes no name from others. The decision
// follows from the objects alone, so that it is the same after a restart.
func MetricConflicts(owners []MetricOwner) map[string]MetricGrant {
	byAge := slices.SortedFunc(slices.Values(owners), func(a, b MetricOwner) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name))
	})
	taken := takenMetrics{}
	grants := make(map[string]MetricGrant, len(owners))
	for _, owner := range byAge {
		grants[owner.Name] = taken.grant(owner)
	}
	return grants
}

// takenMetrics has the owners of metrics, by the metrics' names.
type takenMetrics map[string]string

func (t takenMetrics) grant(owner MetricOwner) MetricGrant {
	granted := MetricGrant{Spec: -1}
	for i, spec := range owner.Specs {
		conflicts := t.conflicts(owner.Name, spec)
		if i == 0 {
			granted.Conflicts = conflicts
		}
		if len(conflicts) > 0 {
			continue
		}
		for metric := range spec.metrics() {
			t[metric] = owner.Name
		}
		if i > 0 || !owner.Undecided {
			granted.Spec = i
			break
		}
	}
	return granted
}

// conflicts returns the conflicts of a spec with older ones, sorted by metric. If both have
// the same prefix, that is one conflict, as another prefix solves all of them.
func (t takenMetrics) conflicts(name string, spec MetricNames) (found []MetricConflict) {
	metrics := spec.metrics()
	for _, metric := range slices.Sorted(maps.Keys(metrics)) {
		if older, ok := t[metric]; ok && older != name {
			found = append(found, MetricConflict{Metric: metric, Younger: name, Older: older, Prefix: spec.Prefix, Gauge: metrics[metric]})
		}
	}
	if i := slices.IndexFunc(found, func(c MetricConflict) bool { return t.hasAllDerived(c.Older, spec.Prefix) }); i >= 0 {
		same := found[i]
		same.Metric, same.Gauge = spec.Prefix+"_processing", ""
		return []MetricConflict{same}
	}
	return found
}

// hasAllDerived reports whether an owner has the prefix, or gauges in all of its places.
func (t takenMetrics) hasAllDerived(owner, prefix string) bool {
	return !slices.ContainsFunc(DerivedMetrics(), func(name string) bool { return t[prefix+"_"+name] != owner })
}

// metrics returns the gauge of each metric by the metric's whole name; empty: it is a derived
// one.
func (n MetricNames) metrics() map[string]string {
	all := make(map[string]string, len(n.Gauges)+len(DerivedMetrics()))
	for _, gauge := range n.Gauges {
		all[n.Prefix+"_"+gauge] = gauge
	}
	for _, name := range DerivedMetrics() {
		all[n.Prefix+"_"+name] = ""
	}
	return all
}

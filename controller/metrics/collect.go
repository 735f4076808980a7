package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Describe implements prometheus.Collector.
func (r *Results) Describe(ch chan<- *prometheus.Desc) {
	r.budget.mu.RLock()
	all := []*prometheus.Desc{r.infoDesc, r.currentID, r.podsDesc, r.processing, r.duration}
	descs := r.descs
	r.budget.mu.RUnlock()
	for _, desc := range all {
		ch <- desc
	}
	for _, desc := range descs {
		ch <- desc
	}
}

// Collect implements prometheus.Collector. It does not block callbacks while a slow
// scraper reads.
func (r *Results) Collect(ch chan<- prometheus.Metric) {
	r.budget.mu.RLock()
	now := r.snapshot()
	r.budget.mu.RUnlock()
	now.collect(ch)
}

func (now snapshot) collect(ch chan<- prometheus.Metric) {
	ch <- now.info
	if now.newest != "" {
		ch <- constant(now.currentID, now.newest.Number())
	}
	if now.pods >= 0 {
		ch <- constant(now.podsDesc, float64(now.pods))
	}
	for _, s := range now.series {
		now.collectSeries(ch, s)
	}
}

func (now snapshot) collectSeries(ch chan<- prometheus.Metric, s series) {
	if s.task != nil {
		bad := 0.0
		if s.task.bad {
			bad = 1
		}
		ch <- constant(now.processing, bad, s.node, s.execution)
		ch <- constant(now.duration, float64(s.task.durationMS), s.node, s.execution)
	}
	for _, sample := range s.samples {
		if g, ok := s.schema.gauges[sample.Gauge]; ok {
			labels := append(slices.Clone(sample.Labels), s.node, s.execution)
			ch <- constant(now.descs[g.desc], sample.Value, labels...)
		}
	}
}

type snapshot struct {
	info                                      prometheus.Metric
	processing, duration, podsDesc, currentID *prometheus.Desc
	descs                                     map[string]*prometheus.Desc
	newest                                    execution.ID
	pods                                      int
	series                                    []series
}

// series are all series of one node with one executionID.
type series struct {
	node      string
	execution string
	share
}

// snapshot returns a copy that Collect can read without the lock. The caller holds it.
func (r *Results) snapshot() snapshot {
	s := snapshot{
		info: r.info, processing: r.processing, duration: r.duration, podsDesc: r.podsDesc, currentID: r.currentID,
		descs: r.descs, newest: r.newest, pods: r.pods,
	}
	for id, nodes := range r.executions {
		for node, one := range nodes {
			s.series = append(s.series, series{node, string(id), one})
		}
	}
	if r.withLatest {
		for node, one := range r.latest {
			s.series = append(s.series, series{node, latest, one.share})
		}
	}
	return s
}

package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Describe implements prometheus.Collector.
func (r *Results) Describe(ch chan<- *prometheus.Desc) {
	r.mu.RLock()
	infoDesc, descs := r.infoDesc, r.descs
	r.mu.RUnlock()
	for _, desc := range []*prometheus.Desc{infoDesc, r.currentID, r.podsDesc, r.processing, r.duration} {
		ch <- desc
	}
	for _, desc := range descs {
		ch <- desc
	}
}

// Collect implements prometheus.Collector. It does not block callbacks while a slow
// scraper reads.
func (r *Results) Collect(ch chan<- prometheus.Metric) {
	now := r.snapshot()
	ch <- now.info
	if now.newest != "" {
		ch <- constant(r.currentID, now.newest.Number())
	}
	if now.pods >= 0 {
		ch <- constant(r.podsDesc, float64(now.pods))
	}
	for _, s := range now.series {
		r.collect(ch, s, now.descs)
	}
}

func (r *Results) collect(ch chan<- prometheus.Metric, s series, descs map[string]*prometheus.Desc) {
	if s.task != nil {
		bad := 0.0
		if s.task.bad {
			bad = 1
		}
		ch <- constant(r.processing, bad, s.node, s.execution)
		ch <- constant(r.duration, float64(s.task.durationMS), s.node, s.execution)
	}
	for _, sample := range s.samples {
		if g, ok := s.schema.gauges[sample.Gauge]; ok {
			labels := append(slices.Clone(sample.Labels), s.node, s.execution)
			ch <- constant(descs[g.desc], sample.Value, labels...)
		}
	}
}

type snapshot struct {
	info   prometheus.Metric
	descs  map[string]*prometheus.Desc
	newest execution.ID
	pods   int
	series []series
}

// series are all series of one node with one executionID.
type series struct {
	node      string
	execution string
	share
}

// snapshot returns a copy that Collect can read without the lock.
func (r *Results) snapshot() snapshot {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := snapshot{info: r.info, descs: r.descs, newest: r.newest, pods: r.pods}
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

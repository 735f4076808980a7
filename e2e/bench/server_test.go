//go:build e2e

package bench

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/process"
)

// serverMeasurement has the figures that only the server exports.
type serverMeasurement struct {
	requests map[string]float64 // to the API server, by method and status
	usage    process.Usage
	refill   histogram // measured by the server itself
}

const refillMetric = "batch_job_controller_slot_refill_seconds"

// runServer runs one execution of the server under test, a process of its own.
func runServer(b *testing.B, site *rig.Site, p parameters) measurement {
	b.Helper()
	replica := site.NewServer(1)
	replica.Start()
	waitEnded(site, p)
	site.WaitClosed(patience(p))
	var m measurement
	site.Audit.Read(func(s *audit.State) { m = measure(s, s.JobsCreated, p.pool) })
	metrics := replica.Metrics()
	m.server = &serverMeasurement{
		requests: requests(metrics),
		usage:    replica.Usage(),
		refill:   newHistogram(metrics, refillMetric),
	}
	replica.Stop()
	return m
}

func requests(metrics rig.Metrics) map[string]float64 {
	count := map[string]float64{}
	for series, value := range metrics.Of("rest_client_requests_total") {
		count[label(series, "method")+" "+label(series, "code")] += value
	}
	return count
}

func (s *serverMeasurement) totalRequests() float64 {
	total := 0.0
	for _, count := range s.requests {
		total += count
	}
	return total
}

// label returns the value of a label of a series.
func label(series, name string) string {
	_, rest, _ := strings.Cut(series, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// histogram is cumulative, as Prometheus has it.
type histogram []bucket

type bucket struct{ upTo, count float64 }

func newHistogram(metrics rig.Metrics, name string) histogram {
	var h histogram
	for series, count := range metrics.Of(name + "_bucket") {
		h = append(h, bucket{number64(label(series, "le")), count})
	}
	slices.SortFunc(h, func(a, b bucket) int { return cmp.Compare(a.upTo, b.upTo) })
	return h
}

// quantile is Prometheus' histogram_quantile: a value somewhere in the right
// bucket.
func (h histogram) quantile(q float64) time.Duration {
	if len(h) == 0 {
		return 0
	}
	rank := q * h[len(h)-1].count
	lower := bucket{}
	for _, b := range h[:len(h)-1] {
		if b.count >= rank && b.count > lower.count {
			share := (rank - lower.count) / (b.count - lower.count)
			return time.Duration((lower.upTo + share*(b.upTo-lower.upTo)) * float64(time.Second))
		}
		lower = b
	}
	return time.Duration(lower.upTo * float64(time.Second))
}

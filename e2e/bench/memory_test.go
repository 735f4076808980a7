//go:build e2e

package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// maxMemory bounds the memory of a server with an open execution of many nodes.
const maxMemory = 128 << 20

// BenchmarkMemory opens an execution of many nodes, and measures the memory of the server
// after a part of them has ended, and after a restart, which loads everything at once. It
// is the last benchmark of make bench, by the name of its file: the cluster needs minutes
// to delete its objects.
func BenchmarkMemory(b *testing.B) {
	nodes := number(b, "BENCH_LARGE", 5000)
	const pool, turns = 100, 600
	site := rig.NewSite(b, shared, rig.Config{Pool: pool, RunFor: time.Second, Quiet: true})
	site.AddNodes(nodes)
	process := site.NewServer(1)
	var peak [2]int64
	for start := range peak {
		process.Start()
		enough := (start + 1) * turns
		site.Audit.Until(10*time.Minute, fmt.Sprintf("%d pods have ended", enough), func(s *audit.State) bool {
			return len(s.PodsEnded) >= enough
		})
		process.Metrics() // a scrape needs memory too
		peak[start] = process.Usage().PeakRSS
		process.Kill()
	}
	b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
		for b.Loop() { // the work is done above
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(peak[0])/(1<<20), "rss-MiB")
		b.ReportMetric(float64(peak[1])/(1<<20), "rss-after-restart-MiB")
	})
	fmt.Printf("\nan open execution of %d nodes, %d at a time\n", nodes, pool)
	target("rss-MiB", float64(max(peak[0], peak[1]))/(1<<20), maxMemory>>20)
}

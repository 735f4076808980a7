//go:build e2e

package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// The targets of the server.
const (
	maxOfFloor   = 1.10
	maxOfNative  = 0.95
	maxRefillP50 = 80 * time.Millisecond
	maxRefillP99 = 300 * time.Millisecond
)

// reportMetrics adds a contender's figures to its line.
func reportMetrics(b *testing.B, p parameters, name string, results map[string]measurement) {
	b.Helper()
	m := results[name]
	b.ReportMetric(0, "ns/op") // omits the column
	b.ReportMetric(m.wall.Seconds(), "wall-s")
	b.ReportMetric(ratio(m.wall, p.ideal()), "wall/ideal")
	b.ReportMetric(ratio(m.wall, results[floor].wall), "wall/floor")
	b.ReportMetric(ratio(m.wall, results[native].wall), "wall/native")
	b.ReportMetric(milliseconds(percentile(m.refills, 50)), "refill-p50-ms")
	b.ReportMetric(milliseconds(percentile(m.refills, 99)), "refill-p99-ms")
	if m.server != nil {
		b.ReportMetric(m.server.totalRequests()/float64(p.nodes), "requests/node")
		b.ReportMetric(float64(m.server.usage.PeakRSS)/(1<<20), "rss-MiB")
		b.ReportMetric(m.server.usage.CPU.Seconds(), "cpu-s")
	}
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// summarize prints a summary for people, in lines that benchstat ignores.
func summarize(p parameters, results map[string]measurement) {
	ours := results[server]
	fmt.Printf("\n%s: the pods alone take %s\n", p, p.ideal())
	for _, name := range []string{floor, server, native} {
		m := results[name]
		fmt.Printf("  %-7s %7.2fs  %.2f of ideal  refill p50 %4.0f ms, p99 %4.0f ms   processor: %s\n", name, m.wall.Seconds(),
			ratio(m.wall, p.ideal()), milliseconds(percentile(m.refills, 50)), milliseconds(percentile(m.refills, 99)), processors(m.cpu))
	}
	fmt.Printf("  the server: requests %s; refill by its own measurement p50 %.0f ms, p99 %.0f ms; %.1fs of processor, %d MiB\n",
		counts(ours.server.requests), milliseconds(ours.server.refill.quantile(0.5)), milliseconds(ours.server.refill.quantile(0.99)),
		ours.server.usage.CPU.Seconds(), ours.server.usage.PeakRSS>>20)
	target("wall/floor", ratio(ours.wall, results[floor].wall), maxOfFloor)
	target("wall/native", ratio(ours.wall, results[native].wall), maxOfNative)
	target("refill-p50-ms", milliseconds(percentile(ours.refills, 50)), milliseconds(maxRefillP50))
	target("refill-p99-ms", milliseconds(percentile(ours.refills, 99)), milliseconds(maxRefillP99))
}

func target(name string, got, most float64) {
	word := "met"
	if got > most {
		word = "MISSED"
	}
	fmt.Printf("  target %-14s %6.2f of at most %6.2f: %s\n", name, got, most, word)
}

func processors(used map[string]time.Duration) string {
	var parts []string
	for _, process := range slices.Sorted(maps.Keys(used)) {
		parts = append(parts, fmt.Sprintf("%s %.1fs", strings.TrimPrefix(process, "kube-"), used[process].Seconds()))
	}
	return strings.Join(parts, ", ")
}

func counts(requests map[string]float64) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(requests)) {
		parts = append(parts, fmt.Sprintf("%s: %.0f", kind, requests[kind]))
	}
	return strings.Join(parts, ", ")
}

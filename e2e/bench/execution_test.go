//go:build e2e

package bench

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The contenders.
const server, native, floor = "server", "native", "floor"

// contender is one way to run the Jobs.
type contender struct {
	name string
	run  func(*testing.B, *rig.Site, parameters) measurement
}

// BenchmarkExecution runs the contenders one after the other. The floor runs first and
// last in each round, and the others alternate, so that a cluster that becomes warm or
// slow favors no contender.
func BenchmarkExecution(b *testing.B) {
	p := readParameters(b)
	nodes := rig.NewSite(b, shared, rig.Config{})
	nodes.AddNodes(p.nodes)
	warmUp(b, nodes, p)

	bottom := contender{floor, runFloor}
	middle := []contender{{server, runServer}, {native, runNative}}
	runs := map[string][]measurement{}
	for round := range p.rounds {
		for _, c := range slices.Concat([]contender{bottom}, middle, []contender{bottom}) {
			m := oneRun(b, c, nodes, p)
			runs[c.name] = append(runs[c.name], m)
			fmt.Printf("# round %d: %s: wall %s\n", round+1, c.name, m.wall.Round(time.Millisecond))
		}
		slices.Reverse(middle)
	}
	results := map[string]measurement{}
	for name, all := range runs {
		results[name] = merged(all)
	}
	for _, name := range []string{server, native, floor} {
		b.Run(fmt.Sprintf("%s/by=%s", p, name), func(b *testing.B) {
			for b.Loop() { // the work is done above
			}
			reportMetrics(b, p, name, results)
		})
	}
	summarize(p, results)
}

// warmUp fills the caches of the cluster's processes.
func warmUp(b *testing.B, nodes *rig.Site, p parameters) {
	b.Helper()
	p.nodes = min(p.pool, p.nodes)
	oneRun(b, contender{floor, runFloor}, nodes, p)
}

func oneRun(b *testing.B, c contender, nodes *rig.Site, p parameters) measurement {
	b.Helper()
	site := rig.NewSite(b, shared, rig.Config{
		Pool: p.pool, RunFor: p.pod, Quiet: true,
		Keys: map[string]any{"jobNodeSelector": nodes.NodeSelector()},
	})
	before := cpu(b)
	m := c.run(b, site, p)
	m.cpu = cpu(b)
	for process := range m.cpu {
		m.cpu[process] -= before[process]
	}
	site.WaitGone(10 * time.Minute)
	return m
}

func cpu(b *testing.B) map[string]time.Duration {
	b.Helper()
	used, err := shared.CPU(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return used
}

// patience is the timeout of a run.
func patience(p parameters) time.Duration { return 5*p.ideal() + 5*time.Minute }

func waitEnded(site *rig.Site, p parameters) {
	site.Audit.Until(patience(p), fmt.Sprintf("%d pods have ended", p.nodes), func(s *audit.State) bool {
		return len(s.PodsEnded) >= p.nodes
	})
}

func number64(text string) float64 {
	value, err := strconv.ParseFloat(text, 64) // +Inf too
	if err != nil {
		return 0
	}
	return value
}

//go:build e2e

package api

import (
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// Whoever deletes the Lease of a leader lets another replica lead beside it,
// until the first tries to renew it.
func TestNothingRunsTwiceWhenTheLeaseIsDeletedAgainAndAgain(t *testing.T) {
	t.Parallel()
	const every, times = 3 * time.Second, 8
	site := rig.NewSite(t, shared, rig.Config{Pool: 5, RunFor: untilEnded})
	nodes := site.AddNodes(60)
	first, second := site.NewServer(1), site.NewServer(2)
	reporting := playPods(t, site, func() time.Duration { return 2 * time.Second }, first, second)
	first.Start()
	second.Start()
	leases := shared.Client.CoordinationV1().Leases(site.Namespace)
	deleted := 0
	for ticker := time.NewTicker(every); deleted < times; <-ticker.C {
		for _, server := range []*rig.Server{first, second} {
			if !server.Running() { // as a kubelet does
				server.Start()
			}
		}
		if err := leases.Delete(t.Context(), rig.Name+"-leader", metav1.DeleteOptions{}); err == nil {
			deleted++
		}
	}

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	reporting.checkTaken(t, report, waitLeader(t, first, second).Metrics())
}

// outage is a site whose only replica is away while ticks are due.
type outage struct {
	*rig.Site
	nodes  []string
	server *rig.Server
	pods   *pods
}

func newOutage(t *testing.T, program string) *outage {
	t.Helper()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded, Keys: map[string]any{
		"cronExpression": "* * * * *", "runOnStartup": false,
	}})
	o := &outage{Site: site, nodes: site.AddNodes(4)}
	o.server = site.NewServer(1).WithProgram(program).WithLease(rig.ShortLease())
	o.pods = playPods(t, site, atOnce, o.server)
	return o
}

// The tick at which the only replica dies is made up for. Of those that come
// while nobody is there the last one is, unless an execution is open, which goes
// on; the others are told of.
func TestTicksWhileNobodyIsThere(t *testing.T) {
	t.Parallel()
	const ticksAway = 2
	program := shared.Build(t, "e2e/api/crasher")
	idle, busy := newOutage(t, program), newOutage(t, program)
	both := []*outage{idle, busy}
	tick := startBeforeTick(t, both)
	for _, o := range both {
		o.server.WaitKilled(patience)
	}
	idle.server.WithEnv("CRASH_AT=after " + closeRecord).Start()
	busy.server.WithEnv("CRASH_AT=before POST jobs/* 4").Start()
	for _, o := range both {
		o.server.WaitKilled(patience)
		if got, want := o.executions(), []execution.ID{execution.NewID(tick)}; !slices.Equal(got, want) {
			t.Fatalf("there were the executions %v, want that of the tick at which the server died, %v", got, want)
		}
	}
	last := tick.Add(ticksAway * time.Minute)
	<-time.After(time.Until(last.Add(time.Second)))
	for _, o := range both {
		o.server.WithEnv().Start()
	}

	idle.checkAfter(t, ticksAway-1, execution.NewID(tick), execution.NewID(last))
	metrics := busy.checkAfter(t, ticksAway-1, execution.NewID(tick))
	if got := metrics.Sum("batch_job_controller_ticks_skipped_total"); got != 1 {
		t.Errorf("%v ticks count as skipped because of the open execution, want 1", got)
	}
}

// startBeforeTick starts the servers so that they are ready when a tick is due,
// and die of it, and returns when that is.
func startBeforeTick(t *testing.T, all []*outage) time.Time {
	t.Helper()
	const enough = 20 * time.Second
	next := time.Now().Truncate(time.Minute).Add(time.Minute)
	if left := time.Until(next); left < enough {
		<-time.After(left)
		next = next.Add(time.Minute)
	}
	for _, o := range all {
		o.server.WithEnv("CRASH_AT=before " + createRecord).Start()
	}
	for _, o := range all {
		waitLeader(t, o.server)
	}
	return next
}

// executions returns those that there have been, the oldest first.
func (o *outage) executions() (ids []execution.ID) {
	o.Audit.Read(func(state *rig.State) { ids = slices.Sorted(maps.Keys(state.Records)) })
	return ids
}

func (o *outage) checkAfter(t *testing.T, missed int, want ...execution.ID) rig.Metrics {
	t.Helper()
	if got := waitAllClosed(t, o.Site, len(want)); !slices.Equal(got, want) {
		t.Errorf("there were the executions %v, want %v", got, want)
	}
	metrics := waitLeader(t, o.server).Metrics()
	for _, id := range want {
		o.pods.checkTaken(t, checkExecution(t, o.Site, id, o.nodes), metrics)
	}
	checkPool(t, o.Site)
	if got := metrics.Sum("batch_job_controller_ticks_missed_total"); got != float64(missed) {
		t.Errorf("%v ticks count as missed, want %d", got, missed)
	}
	o.Audit.Until(patience, "an event tells of the missed ticks", func(state *rig.State) bool {
		return len(state.EventsOf("TicksMissed")) == 1
	})
	return metrics
}

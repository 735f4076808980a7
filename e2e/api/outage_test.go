//go:build e2e

package api

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// After a user has deleted the Lease of a leader, another replica can lead beside it until the
// first one tries to renew the Lease.
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

// outage is a site whose only replica is down while ticks are due.
type outage struct {
	*rig.Site
	nodes  []string
	server *rig.Server
	pods   *pods
	before time.Time // the last tick that was processed before the server was down
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

// The tick at which the only replica dies runs later. Of the ticks without a replica, the last
// one runs later, unless an execution is open, which continues; an event reports the others.
// However slow the machine is, and however many ticks follow, each tick was run, missed or
// skipped.
func TestTicksWithoutAReplica(t *testing.T) {
	t.Parallel()
	const ticksAway = 2
	program := shared.Build(t, "e2e/api/crasher")
	idle, busy := newOutage(t, program), newOutage(t, program)
	both := []*outage{idle, busy}
	for _, o := range both {
		o.server.WithEnv("CRASH_AT=before " + create).Start()
	}
	var missed [2]execution.ID
	for i, o := range both {
		o.server.WaitKilled(patience)
		missed[i] = execution.NewID(time.Now().Truncate(time.Minute))
	}
	for i, o := range both {
		server := o.server.WithEnv([]string{"CRASH_AT=after " + closeRecord, "CRASH_AT=before POST jobs/* 4"}[i])
		server.Start()
		server.WaitKilled(patience)
		if got, want := o.executions(), []execution.ID{missed[i]}; !slices.Equal(got, want) {
			t.Fatalf("got executions %v, want that of the tick at which the server died, %v", got, want)
		}
	}
	var last time.Time
	for _, o := range both {
		o.before = o.lastTick(t)
		last = latest(last, o.before.Add(ticksAway*time.Minute))
	}
	<-time.After(time.Until(last.Add(time.Second)))
	for _, o := range both {
		o.server.WithEnv().Start()
	}

	ids := idle.checkAfter(t, 2)
	madeUp := ids[1].Time()
	if madeUp.Before(last) {
		t.Errorf("the tick of %s ran late, want the last one, of %s or later", madeUp, last)
	}
	if got, want := idle.metric(t, "missed"), madeUp.Sub(idle.before)/time.Minute-1; got != int(want) {
		t.Errorf("%d ticks count as missed, want the %d from %s to %s", got, want, idle.before, madeUp)
	}
	busy.checkAfter(t, 1)
	if got := busy.metric(t, "missed"); got < ticksAway-1 {
		t.Errorf("%d ticks count as missed, want at least %d", got, ticksAway-1)
	}
	if got := busy.metric(t, "skipped"); got < 1 {
		t.Error("no tick counts as skipped because of the open execution")
	}
}

// lastTick returns the last tick that was processed. The state has the time at which it was.
func (o *outage) lastTick(t *testing.T) time.Time {
	t.Helper()
	object, err := o.Client.CoreV1().ConfigMaps(o.Namespace).Get(t.Context(), rig.Name+"-state", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Fields(object.Data["ticks"])
	if len(line) < 3 {
		t.Fatalf("the state is %v", object.Data)
	}
	at, err := time.Parse(time.RFC3339, line[2])
	if err != nil {
		t.Fatalf("the state is %v: %v", object.Data, err)
	}
	return at.Truncate(time.Minute)
}

// executions returns all executions so far, oldest first.
func (o *outage) executions() (ids []execution.ID) {
	o.Audit.Read(func(state *audit.State) { ids = slices.Sorted(maps.Keys(state.Records)) })
	return ids
}

func (o *outage) metric(t *testing.T, what string) int {
	t.Helper()
	return int(waitLeader(t, o.server).Metrics().Sum("batch_job_controller_ticks_" + what + "_total"))
}

// checkAfter checks the oldest executions, and that each tick since the end of the server is
// accounted for.
func (o *outage) checkAfter(t *testing.T, oldest int) []execution.ID {
	t.Helper()
	ids := waitOldestClosed(t, o.Site, oldest)
	metrics := waitLeader(t, o.server).Metrics()
	for _, id := range ids {
		o.pods.checkTaken(t, checkExecution(t, o.Site, id, o.nodes), metrics)
	}
	checkPool(t, o.Site)
	o.Audit.Until(patience, "an event reports the missed ticks", func(state *audit.State) bool {
		return len(state.EventsOf("TicksMissed")) > 0
	})
	eventually(t, "each tick was run, missed or skipped", func() bool {
		ticks := int(o.lastTick(t).Sub(o.before) / time.Minute)
		ran := len(o.executions()) - 1
		return ticks == ran+o.metric(t, "missed")+o.metric(t, "skipped")
	})
	return ids
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

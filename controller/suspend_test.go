package controller

import (
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func suspended(c *config.Config) { c.Suspend = true }

// suspending is when a definition with ticks at 10, 20, 30 and 40 minutes is suspended. An
// execution takes a minute.
type suspending struct {
	startup   bool // runOnStartup
	policy    plan.Policy
	runFor    time.Duration   // 0: a minute
	from, to  time.Duration   // from: 0: it begins suspended; to: 0: until the end
	away      []time.Duration // when no replica leads: from, to
	asked     time.Duration   // when a person creates an Execution
	want      map[string]string
	skipped   float64
	wantOther float64 // ticks that are skipped because an execution is open
}

func TestTicksOfASuspendedDefinition(t *testing.T) {
	const minute = time.Minute
	tests := map[string]suspending{
		"none runs":                   {to: 0, want: map[string]string{}, skipped: 4},
		"nor does runOnStartup":       {startup: true, want: map[string]string{}, skipped: 5},
		"nor does it later":           {startup: true, to: 5 * minute, want: map[string]string{"00:10": "Closed", "00:20": "Closed", "00:30": "Closed", "00:40": "Closed"}, skipped: 1},
		"none is made up for":         {to: 21 * minute, want: map[string]string{"00:30": "Closed", "00:40": "Closed"}, skipped: 2},
		"not even within the second":  {to: 20*minute + 1, want: map[string]string{"00:30": "Closed", "00:40": "Closed"}, skipped: 2},
		"in the middle":               {from: 15 * minute, to: 35 * minute, want: map[string]string{"00:10": "Closed", "00:40": "Closed"}, skipped: 2},
		"what is open goes on":        {from: 11 * minute, runFor: 15 * minute, want: map[string]string{"00:10": "Closed"}, skipped: 3},
		"what waits opens":            {policy: plan.QueueConcurrent, from: 21 * minute, runFor: 12 * minute, want: map[string]string{"00:10": "Closed", "00:20": "Closed"}, skipped: 2},
		"a person's runs":             {asked: 15 * minute, want: map[string]string{"mine": "Closed"}, skipped: 4},
		"no replica leads for a tick": {to: 35 * minute, away: []time.Duration{5 * minute, 15 * minute}, want: map[string]string{"00:40": "Closed"}, skipped: 3},
		"no replica leads for most":   {to: 35 * minute, away: []time.Duration{5 * minute, 33 * minute}, want: map[string]string{"00:40": "Closed"}, skipped: 3},
		"a new leader":                {to: 0, away: []time.Duration{25 * minute, 26 * minute}, want: map[string]string{}, skipped: 2},
		"a new leader, after it":      {to: 21 * minute, away: []time.Duration{21*minute + 30*time.Second, 22 * minute}, want: map[string]string{"00:30": "Closed", "00:40": "Closed"}, skipped: 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { inBubble(t, tt.run) })
	}
}

func (tt suspending) run(t *testing.T) {
	c := newCluster(t, "a")
	c.behave("a", behaviour{runFor: max(tt.runFor, time.Minute)})
	store, isSuspended := newMemoryStore(), tt.from == 0
	cfg := func() config.Config {
		return testConfig(everyTenMinutes, startWithin(9*time.Minute), underPolicy(tt.policy), func(c *config.Config) { c.RunOnStartup, c.Suspend = tt.startup, isSuspended })
	}
	r := startReplica(t, c, store, cfg())
	defer func() { r.kill() }()
	then := map[time.Duration]func(){}
	change := func(after time.Duration, suspend bool) {
		then[after] = func() {
			c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = suspend })
		}
	}
	change(tt.from, true)
	change(tt.to, false)
	then[tt.asked] = func() { c.ask("mine") }
	if tt.away != nil {
		then[tt.away[0]] = func() { r.kill() }
		then[tt.away[1]] = func() { r = startReplica(t, c, store, cfg()) }
	}
	delete(then, 0) // nothing happens
	for _, at := range slices.Sorted(maps.Keys(then)) {
		sleepUntil(at)
		then[at]()
	}
	sleepUntil(49 * time.Minute)
	if diff := gocmp.Diff(tt.want, c.ends()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	if got := r.metric("batch_job_controller_ticks_skipped_total", "reason=suspended"); got != tt.skipped {
		t.Errorf("ticks skipped as suspended: got %v, want %v", got, tt.skipped)
	}
	if got := r.metric("batch_job_controller_ticks_skipped_total", "reason=open_execution"); got != tt.wantOther {
		t.Errorf("ticks skipped because of an open execution: got %v, want %v", got, tt.wantOther)
	}
	if got := r.metric("batch_job_controller_ticks_missed_total"); got != 0 {
		t.Errorf("ticks missed: got %v, want none", got)
	}
	if got := len(c.eventsOf(kube.EventTickSkipped)) + len(c.eventsOf(kube.EventTicksMissed)); got != 0 {
		t.Errorf("events: got %d, want none", got)
	}
}

// A leader that is busy when a tick comes looks at it after the definition has been
// unsuspended.
func TestATickOfASuspendedDefinitionIsNotMadeUpForLate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		first := startReplica(t, c, store, testConfig(everyTenMinutes, suspended))
		next := newReplica(t, c.client, store, testConfig(everyTenMinutes, suspended))
		next.watch()
		sleepUntil(9 * time.Minute)
		first.kill()
		sleepUntil(12 * time.Minute)
		c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = false })
		sleepUntil(13 * time.Minute)
		next.lead()
		defer next.kill()
		sleepUntil(19 * time.Minute)
		c.wantEnds(map[string]string{})
		if got := next.metric("batch_job_controller_ticks_skipped_total", "reason=suspended"); got != 1 {
			t.Errorf("ticks skipped: got %v, want 1", got)
		}
		sleepUntil(29 * time.Minute)
		c.wantEnds(map[string]string{"00:20": "Closed"})
	})
}

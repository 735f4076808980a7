package controller

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// elect has the replica compete for the Lease before it works, until the test
// ends.
func (r *replica) elect(c *cluster) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	o := lease.WithDefaultTimings(lease.Options{
		Namespace: testNamespace, Name: "check-leader", Identity: r.Identity, Log: slog.New(slog.NewTextHandler(r.t.Output(), nil)),
	})
	o.Observe = r.ObserveHolder
	o.RetryPeriod = 4 * time.Second // the fake API server is slow
	r.Watch(ctx)
	done := make(chan error, 1)
	go func() { done <- lease.Lead(ctx, c.client, o, r.Run) }()
	return func() {
		cancel()
		must(r.t, <-done)
	}
}

// The outage outlasts the Lease several times. No other replica can acquire it.
func TestAPIServerThatIsAway(t *testing.T) {
	tests := map[string]struct {
		away time.Duration
	}{
		"for less than a Lease lasts": {5 * time.Second},
		"for a minute":                {time.Minute},
		"for ten minutes":             {10 * time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d")
				for _, node := range []string{"a", "b"} {
					c.behave(node, behaviour{runFor: tt.away + 2*time.Minute})
				}
				var down atomic.Bool
				var refused atomic.Int32
				c.react("*", "*", func(clienttesting.Action) (bool, runtimeObject, error) {
					if down.Load() {
						refused.Add(1)
					}
					return down.Load(), nil, errors.New("connection refused")
				})
				store := newMemoryStore()
				r := newReplica(t, c.client, store, testConfig(func(c *config.Config) { c.RunOnStartup = true }))
				defer r.elect(c)()
				time.Sleep(time.Minute)
				id := c.records()[0].Plan.ID
				down.Store(true)
				time.Sleep(tt.away)
				for _, node := range []string{"a", "b"} {
					if err := r.Result(t.Context(), execution.Key{Execution: id, Node: node}, []byte(validResult)); err != nil {
						t.Errorf("result of %s while the API server is away: %v", node, err)
					}
				}
				if perSecond := float64(refused.Load()) / tt.away.Seconds(); perSecond > 3 {
					t.Errorf("requests while the API server is away: %.1f a second", perSecond)
				}
				down.Store(false)
				time.Sleep(3 * time.Minute)

				rec := c.records()[0]
				want := map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded, "d": succeeded}
				if diff := cmp.Diff(want, outcomes(rec)); diff != "" || rec.Account.Phase != execution.Closed {
					t.Errorf("record %s, outcomes (-want +got):\n%s", rec.Account.Phase, diff)
				}
				for node, n := range c.created() {
					if n != 1 {
						t.Errorf("Jobs of node %s: got %d, want 1", node, n)
					}
				}
				report, err := store.Report(id)
				must(t, err)
				for _, task := range report.Tasks {
					if want := task.Node == "a" || task.Node == "b"; task.Reported != want {
						t.Errorf("node %s: reported %t, want %t", task.Node, task.Reported, want)
					}
				}
			})
		})
	}
}

// What a task waits for may have happened while this replica did not lead: no watch event
// follows.
func TestLeaderThatGetsItsLeaseBackSoonGoesOn(t *testing.T) {
	const lease, soon = 15 * time.Second, 10 * time.Second
	for _, away := range []time.Duration{2 * lease, time.Minute, 10 * time.Minute} {
		t.Run(away.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				var jobsAway, leasesAway atomic.Bool
				jobsAway.Store(true)
				refuse := func(away *atomic.Bool) clienttesting.ReactionFunc {
					return func(clienttesting.Action) (bool, runtimeObject, error) {
						return away.Load(), nil, errors.New("connection refused")
					}
				}
				c.react("create", "jobs", refuse(&jobsAway))
				c.react("*", "leases", refuse(&leasesAway))
				r := newReplica(t, c.client, newMemoryStore(), testConfig(func(c *config.Config) { c.RunOnStartup = true }))
				defer r.elect(c)()
				time.Sleep(30 * time.Second)
				leasesAway.Store(true)
				time.Sleep(away) // the Lease runs out
				jobsAway.Store(false)
				leasesAway.Store(false)
				time.Sleep(lease + soon)
				if n := c.created()["a"]; n != 1 {
					t.Errorf("%d Jobs %s after the API server is back, want 1", n, lease+soon)
				}
				time.Sleep(2 * time.Minute)
				if rec := c.records()[0]; rec.Account.Phase != execution.Closed {
					t.Errorf("record %s, want it closed", rec.Account.Phase)
				}
			})
		})
	}
}

// The Lease may be lost before the execution of runOnStartup has begun. The process leads
// again, and has to begin it then.
func TestTheExecutionOfTheStartIsNotLostWithTheLease(t *testing.T) {
	const lease = 15 * time.Second
	tests := map[string]struct{ verb string }{
		"before there is a state":                             {"create"},
		"before it is written in the state that it has begun": {"update"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				var away, leasesAway atomic.Bool
				refuse := func(away *atomic.Bool) clienttesting.ReactionFunc {
					return func(clienttesting.Action) (bool, runtimeObject, error) {
						return away.Load(), nil, errors.New("connection refused")
					}
				}
				r := newReplica(t, c.client, newMemoryStore(), testConfig(func(c *config.Config) { c.RunOnStartup = true }))
				c.react(tt.verb, "configmaps", refuse(&away))
				c.react("*", "leases", refuse(&leasesAway))
				away.Store(true)
				defer r.elect(c)()
				time.Sleep(5 * time.Second)
				leasesAway.Store(true)
				time.Sleep(2 * lease) // it runs out
				if n := len(c.records()); n != 0 {
					t.Fatalf("%d executions have begun before the Lease was lost, want none", n)
				}
				away.Store(false)
				leasesAway.Store(false)
				time.Sleep(2*lease + 2*time.Minute)
				if got := c.records(); len(got) != 1 || got[0].Account.Phase != execution.Closed {
					t.Errorf("records once the replica leads again: got %v, want one that is closed", got)
				}
				if n := c.created()["a"]; n != 1 {
					t.Errorf("%d Jobs, want 1", n)
				}
				if missed := r.metric("batch_job_controller_ticks_missed_total"); missed > 0 {
					t.Errorf("%g ticks missed, want none", missed)
				}
			})
		})
	}
}

package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// For an execution whose nodes send no result, the record, the report, the metrics and the
// event have to agree, also after another leader has read them.
func TestNodesThatSendNoResult(t *testing.T) {
	noGauges := func(c *config.Config) { c.Metrics.Gauges = nil }
	policy := func(p config.ResultPolicy) func(*config.Config) { return func(c *config.Config) { c.Result = p } }
	tests := map[string]struct {
		config []func(*config.Config)

		want      execution.Counts
		wantEvent string
	}{
		"with gauges a result is expected": {
			want:      execution.Counts{execution.Unreported: 2, execution.Failed: 1},
			wantEvent: "Warning 2 unreported, 1 failed; 3 need attention",
		},
		"without gauges there is none to expect": {
			config:    []func(*config.Config){noGauges},
			want:      execution.Counts{execution.Succeeded: 2, execution.Failed: 1},
			wantEvent: "Warning 2 succeeded, 1 failed; 1 need attention",
		},
		"with gauges a result may be optional": {
			config:    []func(*config.Config){policy(config.ResultOptional)},
			want:      execution.Counts{execution.Succeeded: 2, execution.Failed: 1},
			wantEvent: "Warning 2 succeeded, 1 failed; 1 need attention",
		},
		"without gauges a result may be expected": {
			config:    []func(*config.Config){noGauges, policy(config.ResultExpected)},
			want:      execution.Counts{execution.Unreported: 2, execution.Failed: 1},
			wantEvent: "Warning 2 unreported, 1 failed; 3 need attention",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				c.behave("c", behaviour{exitCode: 3})
				store, cfg := newMemoryStore(), testConfig(tt.config...)
				r := startReplica(t, c, store, cfg)
				time.Sleep(2 * time.Minute)
				events := c.eventsOf(kube.EventExecutionClosed)
				if len(events) != 1 || events[0].Type+" "+events[0].Message != tt.wantEvent {
					t.Errorf("events: got %v, want one, %s", events, tt.wantEvent)
				}
				wantCounts(t, r, c, store, tt.want)
				if got := r.metric("batch_job_controller_executions_closed_total", "result=failed"); got != 1 {
					t.Errorf("closed as failed: got %v, want 1", got)
				}
				r.kill()
				cfg.RunOnStartup = false
				next := startReplica(t, c, store, cfg)
				defer next.kill()
				time.Sleep(time.Minute)
				wantCounts(t, next, c, store, tt.want)
			})
		})
	}
}

func wantCounts(t *testing.T, r *replica, c *cluster, store *memoryStore, want execution.Counts) {
	t.Helper()
	closed := c.records()[0]
	if diff := cmp.Diff(want, closed.Account.Count()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	report, err := store.Report(closed.Plan.ID)
	must(t, err)
	if diff := cmp.Diff(want, report.Count()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	for _, v := range execution.Verdicts() {
		if got := r.metric("batch_job_controller_last_execution_nodes", "outcome="+string(v)); got != float64(want[v]) {
			t.Errorf("nodes that are %s: got %v, want %d", v, got, want[v])
		}
	}
	if got := r.metric("batch_job_controller_last_execution_bad_node"); got != float64(want.Bad()) {
		t.Errorf("bad nodes: got %v, want %d", got, want.Bad())
	}
	if got := r.metric("foo_processing"); got != float64(want.Bad()) {
		t.Errorf("sum of foo_processing: got %v, want %d", got, want.Bad())
	}
}

func TestExecutionThatSendsNothingSucceeds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.Metrics.Gauges = nil }))
		defer r.kill()
		time.Sleep(2 * time.Minute)
		if got := r.metric("batch_job_controller_executions_closed_total", "result=succeeded"); got != 1 {
			t.Errorf("closed as succeeded: got %v, want 1", got)
		}
		if got, want := c.eventReasons(), "Normal/"+kube.EventExecutionClosed; !contains(got, want) {
			t.Errorf("events: got %s, want %s", got, want)
		}
	})
}

// Where a result is optional, a file or an event of a running pod is as good as a result.
func TestNodeIsHeardOf(t *testing.T) {
	file := func(r *replica, key execution.Key) error {
		_, err := r.File(r.t.Context(), key, "report.txt", "text/plain", strings.NewReader("hello"))
		return err
	}
	event := func(r *replica, key execution.Key) error {
		return r.Event(r.t.Context(), key, execution.Event{Reason: "R", Message: "m"})
	}
	tests := map[string]struct {
		policy  config.ResultPolicy
		send    func(*replica, execution.Key) error
		another bool // leader is there when the execution ends

		wantSeries float64 // of foo_processing while the pod runs
		wantHeard  bool
	}{
		"by a file":                            {policy: config.ResultOptional, send: file, wantSeries: 1, wantHeard: true},
		"by an event":                          {policy: config.ResultOptional, send: event, wantSeries: 1, wantHeard: true},
		"by a file, as another leader sees":    {policy: config.ResultOptional, send: file, another: true, wantSeries: 1, wantHeard: true},
		"by a file in place of the result":     {policy: config.ResultExpected, send: file, wantHeard: true},
		"by an event that only one leader saw": {policy: config.ResultOptional, send: event, another: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: time.Minute})
				store, cfg := newMemoryStore(), testConfig(func(c *config.Config) { c.Result = tt.policy })
				r := startReplica(t, c, store, cfg)
				time.Sleep(10 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				must(t, tt.send(r, key))
				if tt.another {
					r.kill()
					cfg.RunOnStartup = false
					r = startReplica(t, c, store, cfg)
					time.Sleep(5 * time.Second)
				}
				defer func() { r.kill() }()
				if got := r.series("foo_processing"); got != tt.wantSeries {
					t.Errorf("series of foo_processing: got %v, want %v", got, tt.wantSeries)
				}
				if got := r.metric("foo_processing"); got != 0 {
					t.Errorf("foo_processing: got %v, want 0", got)
				}
				time.Sleep(2 * time.Minute)
				report, err := store.Report(key.Execution)
				must(t, err)
				if line := report.Tasks[0]; line.Heard != tt.wantHeard || line.Reported {
					t.Errorf("heard %t, reported %t; want %t, false", line.Heard, line.Reported, tt.wantHeard)
				}
			})
		})
	}
}

// series returns how many series a metric has.
func (r *replica) series(name string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	must(r.t, err)
	for _, family := range families {
		if family.GetName() == name {
			return float64(len(family.GetMetric()))
		}
	}
	return 0
}

// A record of an earlier version does not say whether results are optional: they were
// required, whatever the present configuration says.
func TestRecordOfBeforeExpectsResults(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		store, cfg := newMemoryStore(), testConfig()
		r := startReplica(t, c, store, cfg)
		time.Sleep(10 * time.Second)
		r.kill()
		cfg.RunOnStartup, cfg.Metrics.Gauges = false, nil
		next := startReplica(t, c, store, cfg)
		defer next.kill()
		time.Sleep(2 * time.Minute)
		wantCounts(t, next, c, store, execution.Counts{execution.Unreported: 1})
	})
}

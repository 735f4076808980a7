package controller

import (
	"cmp"
	"errors"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// A pod's report may come at any time. Node a runs from 1 s on for 10 s, the
// execution for five minutes, and another one begins after ten.
func TestResultsThatComeLate(t *testing.T) {
	const ended = 11*time.Second + 20*time.Millisecond // a, after the start of the replica
	tests := map[string]struct {
		node string
		at   time.Duration
		want error
	}{
		"F-45 while the pod runs":             {"a", 5 * time.Second, nil},
		"F-45 59 s after the end":             {"a", ended + 59*time.Second, nil},
		"F-45 61 s after the end":             {"a", ended + 61*time.Second, execution.ErrEnded},
		"F-45 after the execution has closed": {"b", 6 * time.Minute, execution.ErrEnded},
		"F-45 after its report was pruned":    {"a", 25 * time.Minute, execution.ErrUnknownExecution},
		"F-45 before the node's turn":         {"c", 5 * time.Second, execution.ErrUnknownNode},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				c.behave("a", behaviour{runFor: 10 * time.Second})
				c.behave("b", behaviour{runFor: 5 * time.Minute})
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) {
					c.CronExpression, c.ReportHistory, c.PodPoolSize = "*/10 * * * *", 1, 1
				}))
				defer r.kill()
				key := execution.Key{Execution: execution.NewID(time.Now().Add(time.Second)), Node: tt.node}
				if tt.node == "b" {
					c.behave("a", behaviour{})
				}
				time.Sleep(tt.at)
				if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				wantSeries := 0.0
				if tt.want == nil {
					wantSeries = 1.5
				}
				if got := r.metric("foo_test"); got != wantSeries {
					t.Errorf("gauge: got %v, want %v", got, wantSeries)
				}
			})
		})
	}
}

// A pod may report before the watch shows the pod and its Job.
func TestResultThatComesBeforeItsJobIsSeen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{runFor: 10 * time.Second})
		for _, resource := range []string{"jobs", "pods"} {
			c.through(resource, lens{late: 30 * time.Second})
		}
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(3 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		must(t, r.Result(t.Context(), key, []byte(validResult))) // F-45
		must(t, r.Event(t.Context(), key, execution.Event{Reason: "R", Message: "m"}))
		time.Sleep(3 * time.Minute)
		c.wantAllSucceeded(2)
		if report, err := store.Report(key.Execution); err != nil || !report.Tasks[0].Reported {
			t.Errorf("report: got %+v, %v, want that a reported", report, err)
		}
		if events := c.eventsOf("R"); len(events) != 1 || events[0].InvolvedObject.Kind != "Pod" {
			t.Errorf("events: got %v, want one about the pod", events)
		}
	})
}

func TestResultThatComesAgain(t *testing.T) {
	tests := map[string]struct {
		bodies     []string
		want       float64
		wantStored string // the last body, unless it says otherwise
	}{
		"F-43 ten times the same":       {bodies: []string{validResult, validResult, validResult, validResult, validResult, validResult, validResult, validResult, validResult, validResult}, want: 1.5},
		"F-44 and then with other news": {bodies: []string{validResult, `{"test":[{"value":2,"labels":{"label":"x"}}]}`}, want: 2},
		"F-44 the one before again": {
			bodies: []string{validResult, `{"test":[{"value":2,"labels":{"label":"y"}}]}`, validResult}, want: 3.5,
			wantStored: `{"test":[{"value":1.5,"labels":{"label":"x"}},{"value":2,"labels":{"label":"y"}}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: 10 * time.Second})
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig())
				defer r.kill()
				time.Sleep(3 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				for _, body := range tt.bodies {
					must(t, r.Result(t.Context(), key, []byte(body)))
				}
				if got := r.metric("foo_test"); got != tt.want {
					t.Errorf("the sum of all series: got %v, want %v", got, tt.want)
				}
				if got, want := string(store.results[key]), cmp.Or(tt.wantStored, tt.bodies[len(tt.bodies)-1]); got != want {
					t.Errorf("stored: got %s, want %s", got, want)
				}
			})
		})
	}
}

// An execution whose report cannot be written waits for the disk, and no
// restart is needed.
func TestExecutionClosesWhenTheDiskIsBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		store := newMemoryStore()
		store.fail(execution.ErrNoSpace)
		r := startReplica(t, c, store, testConfig(func(c *config.Config) { c.SavePodLog = true }))
		defer r.kill()
		time.Sleep(5 * time.Minute) // F-23, F-26
		if rec := c.records()[0]; rec.Account.Phase == execution.Closed || len(outcomes(rec)) != 3 {
			t.Errorf("record: got %s with %d outcomes, want it not closed, with 3", rec.Account.Phase, len(outcomes(rec)))
		}
		store.fail(nil)
		time.Sleep(15 * time.Second)
		c.wantAllSucceeded(2)
		if _, err := store.Report(c.records()[0].Plan.ID); err != nil {
			t.Errorf("report: %v", err)
		}
	})
}

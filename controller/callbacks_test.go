package controller

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

const validResult = `{"test":[{"value":1.5,"labels":{"label":"x"}}]}`

func TestCallbacksAreTakenFromTheNodesOfTheOpenExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("a", behaviour{runFor: 10 * time.Second})
		c.behave("b", behaviour{runFor: 90 * time.Second})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		id := c.records()[0].Plan.ID
		key := func(node string) execution.Key { return execution.Key{Execution: id, Node: node} }
		post := func(key execution.Key) error { return r.Result(t.Context(), key, []byte(validResult)) }

		tests := []struct {
			what string
			key  execution.Key
			want error
		}{
			{"a node whose pod runs", key("a"), nil},
			{"the same again", key("a"), nil},
			{"a node that is not part of it", key("z"), execution.ErrUnknownNode},
			{"another execution", execution.Key{Execution: id.Next(), Node: "a"}, execution.ErrUnknownExecution},
		}
		for _, tt := range tests {
			if err := post(tt.key); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.what, err, tt.want)
			}
		}
		if !store.HasResult(key("a")) {
			t.Error("the result is not stored")
		}
		if got := r.metric("foo_test", "node=a", "label=x"); got != 1.5 {
			t.Errorf("gauge: got %v, want 1.5", got)
		}
		time.Sleep(30 * time.Second) // a ended 25 s ago, b runs
		if err := post(key("a")); err != nil {
			t.Errorf("within the grace: %v", err)
		}
		time.Sleep(50 * time.Second)
		if err := post(key("a")); !errors.Is(err, execution.ErrEnded) {
			t.Errorf("after the grace: got %v, want %v", err, execution.ErrEnded)
		}
		time.Sleep(time.Minute)
		if err := post(key("b")); !errors.Is(err, execution.ErrEnded) {
			t.Errorf("after the execution closed: got %v, want %v", err, execution.ErrEnded)
		}
		for node, want := range map[string]float64{"a": 0, "b": 1, "c": 1} { // b and c never reported in time
			if got := r.metric("foo_processing", "node="+node); got != want {
				t.Errorf("foo_processing of %s: got %v, want %v", node, got, want)
			}
		}
	})
}

func TestResultThatIsNotStoredIsNotExported(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		store.fail(execution.ErrNoSpace)
		if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, execution.ErrNoSpace) {
			t.Errorf("Result: got %v, want %v", err, execution.ErrNoSpace)
		}
		if got := r.metric("foo_test"); got != 0 {
			t.Errorf("gauge: got %v, want none", got)
		}
		store.fail(nil)
		var invalid *execution.InvalidError
		if err := r.Result(t.Context(), key, []byte(`{"nosuch":[]}`)); !errors.As(err, &invalid) {
			t.Errorf("Result with an unknown gauge: got %v, want an InvalidError", err)
		}
	})
}

func TestEventIsAboutThePod(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		for range 3 {
			must(t, r.Event(t.Context(), key, execution.Event{Warning: true, Reason: "TestReason", Message: "test message: a1"}))
		}
		found := 0
		for _, e := range eventsIn(t, c.client) {
			if e.Reason != "TestReason" {
				continue
			}
			found++
			if e.InvolvedObject.Kind != "Pod" || e.Type != "Warning" || e.Message != "test message: a1" || e.Count != 3 {
				t.Errorf("event: got %s %s %q %d times", e.InvolvedObject.Kind, e.Type, e.Message, e.Count)
			}
		}
		if found != 1 {
			t.Errorf("events: got %d, want one that counts", found)
		}
	})
}

// A leader that has lost the Lease accepts callbacks until it learns of another leader.
func TestWhoTakesCallbacks(t *testing.T) {
	const self, other = "self_1@10.0.0.1", "other_2@10.0.0.2"
	tests := map[string]struct {
		leads   bool // when it begins
		then    func(*replica)
		want    error
		wantTo  string
		wantOne bool // its metrics show results
	}{
		"the leader":           {leads: true, then: func(*replica) {}, wantOne: true},
		"a standby":            {then: func(r *replica) { r.ObserveHolder(other) }, want: execution.ErrNotLeader, wantTo: "10.0.0.2"},
		"no replica leads yet": {then: func(*replica) {}, want: execution.ErrNotLeader},
		"a leader that lost the Lease, and no other leads":         {leads: true, then: (*replica).kill, wantOne: true},
		"a leader that gave the Lease back":                        {leads: true, then: func(r *replica) { r.kill(); r.ObserveHolder("") }, wantOne: true},
		"a leader that lost the Lease to another one":              {leads: true, then: func(r *replica) { r.kill(); r.ObserveHolder(other) }, want: execution.ErrNotLeader, wantTo: "10.0.0.2"},
		"a leader that sees the other one before its work ends":    {leads: true, then: func(r *replica) { r.ObserveHolder(other); r.kill() }, want: execution.ErrNotLeader, wantTo: "10.0.0.2"},
		"a leader whose successor does not say where it is":        {leads: true, then: func(r *replica) { r.kill(); r.ObserveHolder("other_2") }, want: execution.ErrNotLeader},
		"a leader that lost the Lease and sees its own name on it": {leads: true, then: func(r *replica) { r.kill(); r.ObserveHolder(self) }, wantOne: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: time.Hour})
				r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(func(c *config.Config) { c.RunOnStartup = tt.leads }), called(self))
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: "20260101000000", Node: "a"}
				if tt.leads {
					key.Execution = c.records()[0].Plan.ID
					must(t, r.Result(t.Context(), key, []byte(validResult)))
				} else {
					r.setRole(standby)
				}
				_, _, moved := r.Callbacks()
				tt.then(r)
				if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, tt.want) {
					t.Errorf("Result: got %v, want %v", err, tt.want)
				}
				here, elsewhere, _ := r.Callbacks()
				if here != (tt.want == nil) || elsewhere != tt.wantTo {
					t.Errorf("callbacks: here %t, else %q, want them here: %t, else %q", here, elsewhere, tt.want == nil, tt.wantTo)
				}
				if tt.wantTo != "" {
					<-moved
				}
				if got := r.metric("foo_test"); (got != 0) != tt.wantOne {
					t.Errorf("exported: got %v, want something: %t", got, tt.wantOne)
				}
				r.kill()
			})
		})
	}
}

// The disk has what an earlier leader accepted while this one began.
func TestResultThatAnotherReplicaTookCounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{runFor: time.Minute})
		c.behave("b", behaviour{runFor: time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(10 * time.Second)
		id := c.records()[0].Plan.ID
		must(t, store.CreateResult(execution.Key{Execution: id, Node: "a"}, []byte(validResult)))
		time.Sleep(2 * time.Minute)
		report, err := store.Report(id)
		must(t, err)
		for _, task := range report.Tasks {
			if want := task.Node == "a"; task.Reported != want {
				t.Errorf("node %s: reported %t, want %t", task.Node, task.Reported, want)
			}
		}
		if got := r.metric("foo_processing", "node=a"); got != 0 {
			t.Errorf("processing of a: got %v, want 0", got)
		}
		if got := r.metric("foo_test", "node=a"); got == 0 {
			t.Error("the result of a is not exported")
		}
	})
}

// A leader that was suspended until its Lease expired has neither its successor's
// executions, nor learned of the successor yet.
func TestWhatAFormerLeaderDoesNotKnowIsLeftToTheLeader(t *testing.T) {
	for name, tt := range map[string]struct {
		lost func(*replica)
		want error
	}{
		"it holds the Lease": {func(*replica) {}, execution.ErrUnknownExecution},
		"its work has ended": {(*replica).kill, execution.ErrNotLeader},
		"it has not noticed yet, and slept": {func(r *replica) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.fence = lost
		}, execution.ErrNotLeader},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(5 * time.Second)
				tt.lost(r)
				key := execution.Key{Execution: "20991231000000", Node: "a"}
				if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, tt.want) {
					t.Errorf("Result: got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

// lost is the fence of a Lease that was not renewed.
func lost(context.Context) (context.Context, context.CancelFunc, error) {
	return nil, nil, lease.ErrLost
}

func TestNothingIsAcknowledgedOnceTheReportIsWritten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Hour})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		id := c.records()[0].Plan.ID
		must(t, store.SaveReport(execution.Report{ID: id})) // by a leader this one does not know of
		err := r.Result(t.Context(), execution.Key{Execution: id, Node: "a"}, []byte(validResult))
		if !errors.Is(err, execution.ErrEnded) {
			t.Errorf("Result: got %v, want %v", err, execution.ErrEnded)
		}
	})
}

// While the report is written, a former leader, which has not seen the report, stores and
// acknowledges a result: the report has to have it.
func TestResultThatIsStoredBesideTheReportIsInIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		store := &lateStore{memoryStore: newMemoryStore()}
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(time.Minute)
		report, err := store.Report(c.records()[0].Plan.ID)
		must(t, err)
		for _, task := range report.Tasks {
			if want := task.Node == "b"; task.Reported != want {
				t.Errorf("node %s: reported %t, want %t", task.Node, task.Reported, want)
			}
		}
		if got := r.metric("foo_test", "node=b"); got == 0 {
			t.Error("the result of b is not exported")
		}
	})
}

// lateStore gets the result of b just before the first report.
type lateStore struct {
	*memoryStore
	done bool
}

func (s *lateStore) SaveReport(report execution.Report) error {
	if !s.done {
		s.done = true
		if err := s.CreateResult(execution.Key{Execution: report.ID, Node: "b"}, []byte(validResult)); err != nil {
			return err
		}
	}
	return s.memoryStore.SaveReport(report)
}

func TestFileIsStoredUnderTheNode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		stored, err := r.File(t.Context(), key, "x.txt", "text/plain", strings.NewReader("content"))
		must(t, err)
		if stored != "a-x.txt" || store.files[key]["x.txt"] != "content" {
			t.Errorf("stored %q with %q", stored, store.files[key]["x.txt"])
		}
		if _, err := r.File(t.Context(), execution.Key{Execution: key.Execution, Node: "z"}, "x", "", strings.NewReader("")); !errors.Is(err, execution.ErrUnknownNode) {
			t.Errorf("File of an unknown node: got %v", err)
		}
	})
}

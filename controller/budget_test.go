package controller

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// limitOf returns which limit an error is about, or "".
func limitOf(err error) execution.Limit {
	var limit *execution.LimitError
	if errors.As(err, &limit) {
		return limit.Limit
	}
	return ""
}

// limited returns a cluster in which pods of a and b run for an hour, a replica
// with limits, and the keys of both tasks. The limit of events of all nodes is far above.
func limited(t *testing.T, store Store, in config.Intake) (c *cluster, r *replica, a, b execution.Key) {
	t.Helper()
	c = newCluster(t, "a", "b")
	for _, node := range []string{"a", "b"} {
		c.behave(node, behaviour{runFor: 20 * time.Minute})
	}
	r = startReplica(t, c, store, testConfig(func(c *config.Config) { c.Intake, c.Callback.Limits.EventsPerSecond = in, 100 }))
	time.Sleep(5 * time.Second)
	id := c.records()[0].Plan.ID
	return c, r, execution.Key{Execution: id, Node: "a"}, execution.Key{Execution: id, Node: "b"}
}

func (r *replica) sendFile(key execution.Key, name string, size int) error {
	_, err := r.File(r.t.Context(), key, name, "", strings.NewReader(strings.Repeat("x", size)))
	return err
}

// A node that exceeds its limits takes nothing from the others.
func TestNodeThatFloods(t *testing.T) {
	limits := config.Intake{FilesPerTask: 3, BytesPerTask: 10_000, ResultsPerTask: 3, EventsPerTask: 3, EventBurst: 3}
	event := func(r *replica, key execution.Key, n int) error {
		return r.Event(r.t.Context(), key, execution.Event{Reason: "Flood", Message: fmt.Sprint(n)})
	}
	for name, tt := range map[string]struct {
		send      func(*replica, execution.Key, int) error
		wantTaken int
		want      execution.Limit
	}{
		"with files": {
			send:      func(r *replica, key execution.Key, n int) error { return r.sendFile(key, fmt.Sprint(n), 1) },
			wantTaken: 3, want: execution.FilesPerTask,
		},
		"with files without a name": {
			send:      func(r *replica, key execution.Key, _ int) error { return r.sendFile(key, "", 1) },
			wantTaken: 3, want: execution.FilesPerTask,
		},
		"with bytes": {
			send:      func(r *replica, key execution.Key, n int) error { return r.sendFile(key, fmt.Sprint(n), 4000) },
			wantTaken: 2, want: execution.BytesPerTask,
		},
		"with results": {
			send: func(r *replica, key execution.Key, _ int) error {
				return r.Result(r.t.Context(), key, []byte(validResult))
			},
			wantTaken: 3, want: execution.ResultsPerTask,
		},
		"with events": {send: event, wantTaken: 3, want: execution.EventsPerTask},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				_, r, a, b := limited(t, newMemoryStore(), limits)
				defer r.kill()
				taken := 0
				for n := range 20 {
					err := tt.send(r, a, n)
					if err == nil {
						taken++
					} else if limitOf(err) != tt.want {
						t.Errorf("%d: got %v, want %s", n, err, tt.want)
					}
				}
				if taken != tt.wantTaken {
					t.Errorf("%d were taken, want %d", taken, tt.wantTaken)
				}
				for n := range tt.wantTaken {
					if err := tt.send(r, b, n); err != nil {
						t.Errorf("the other node's %d: %v", n, err)
					}
				}
				if got := r.metric("batch_job_controller_report_store_errors_total"); got != 0 {
					t.Errorf("the store failed %v times, want that it did not", got)
				}
			})
		})
	}
}

func TestFileThatIsOverTheBudgetLeavesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store := newMemoryStore()
		_, r, a, b := limited(t, store, config.Intake{BytesPerTask: 10_000, BytesPerExecution: 15_000})
		defer r.kill()
		for _, step := range []struct {
			what string
			key  execution.Key
			name string
			size int
			want error
		}{
			{"more than a node may send", a, "large", 10_001, execution.ErrTooLarge},
			{"as much as a node may send", a, "x", 10_000, nil},
			{"the same again", a, "x", 10_000, nil},
			{"a byte more in another file", a, "y", 1, execution.ErrTooLarge},
			{"more than an execution may have", b, "x", 5001, execution.ErrNoSpace},
			{"as much as an execution may have", b, "x", 5000, nil},
			{"less in its place", a, "x", 9999, nil},
			{"what that left", b, "y", 1, nil},
		} {
			before, _ := store.FileSize(step.key, step.name)
			if err := r.sendFile(step.key, step.name, step.size); !errors.Is(err, step.want) {
				t.Errorf("%s: got %v, want %v", step.what, err, step.want)
			}
			want := int64(step.size)
			if step.want != nil {
				want = before
			}
			if got, _ := store.FileSize(step.key, step.name); got != want {
				t.Errorf("%s: %d bytes are stored, want %d", step.what, got, want)
			}
		}
	})
}

func TestFilesOfBeforeARestartCount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store := newMemoryStore()
		limits := config.Intake{FilesPerTask: 2, BytesPerTask: 10_000}
		c, r, a, b := limited(t, store, limits)
		must(t, r.sendFile(a, "1", 10))
		must(t, r.sendFile(a, "2", 10))
		must(t, r.sendFile(b, "1", 9990))
		r.kill()
		r = startReplica(t, c, store, testConfig(func(c *config.Config) { c.Intake = limits }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		if err := r.sendFile(a, "3", 10); limitOf(err) != execution.FilesPerTask {
			t.Errorf("a third file: got %v", err)
		}
		if err := r.sendFile(b, "2", 11); limitOf(err) != execution.BytesPerTask {
			t.Errorf("more bytes: got %v", err)
		}
		must(t, r.sendFile(a, "2", 20))
		must(t, r.sendFile(b, "2", 10))
	})
}

func TestResultThatIsNotTakenDoesNotCount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store := newMemoryStore()
		_, r, a, _ := limited(t, store, config.Intake{ResultsPerTask: 1})
		defer r.kill()
		for range 3 {
			if err := r.Result(t.Context(), a, []byte(`null`)); err == nil {
				t.Error("null was taken for a result")
			}
		}
		store.fail(execution.ErrNoSpace)
		if err := r.Result(t.Context(), a, []byte(validResult)); !errors.Is(err, execution.ErrNoSpace) {
			t.Errorf("without space: got %v", err)
		}
		store.fail(nil)
		must(t, r.Result(t.Context(), a, []byte(validResult)))
		if err := r.Result(t.Context(), a, []byte(validResult)); limitOf(err) != execution.ResultsPerTask {
			t.Errorf("the second that is good: got %v", err)
		}
	})
}

func TestEventsAreSpaced(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, r, a, b := limited(t, newMemoryStore(), config.Intake{EventsPerTask: 1000})
		defer r.kill()
		c.client.ClearActions()
		began := time.Now()
		var times []time.Duration
		for time.Since(began) < 5*time.Minute {
			err := r.Event(t.Context(), a, execution.Event{Reason: "Flood", Message: time.Now().String()})
			var limit *execution.LimitError
			switch {
			case err == nil:
				times = append(times, time.Since(began))
			case errors.As(err, &limit):
				time.Sleep(limit.RetryAfter) // and not a moment longer
			default:
				t.Fatal(err)
			}
		}
		var want []time.Duration
		for n := range 10 + 9 {
			want = append(want, max(0, time.Duration(n-9))*30*time.Second)
		}
		if !slices.Equal(times, want) {
			t.Errorf("events were written at %v, want %v", times, want)
		}
		must(t, r.Event(t.Context(), b, execution.Event{Reason: "Once", Message: "x"}))
	})
}

// An event without a response from the API server is kept, and tried again four times a
// second.
func TestEventThatReachesNobodyDoesNotCount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 20 * time.Minute})
		var down atomic.Bool
		c.react("create", "events", func(clienttesting.Action) (bool, runtimeObject, error) {
			return down.Load(), nil, errors.New("connection refused")
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		a := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		event := func(n int) error {
			return r.Event(t.Context(), a, execution.Event{Reason: "Test", Message: fmt.Sprint(n)})
		}
		down.Store(true)
		for n := range 120 {
			if err := event(n); !errors.Is(err, execution.ErrNoAnswer) {
				t.Fatalf("%d: got %v, want %v", n, err, execution.ErrNoAnswer)
			}
		}
		down.Store(false)
		for n := range 10 {
			must(t, event(n))
		}
		if err := event(10); limitOf(err) != execution.EventInterval {
			t.Errorf("the eleventh at once: got %v", err)
		}
	})
}

// F-56: a hundred pods send a thousand events a second each.
func TestStormOfEvents(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const pods = 100
		var names []string
		for n := range pods {
			names = append(names, fmt.Sprintf("node-%d", n))
		}
		c := newCluster(t, names...)
		for _, node := range names {
			c.behave(node, behaviour{runFor: 20 * time.Minute})
		}
		var written meter
		c.react("create", "events", func(clienttesting.Action) (bool, runtimeObject, error) {
			written.count()
			return false, nil, nil
		})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = pods }))
		defer r.kill()
		time.Sleep(10 * time.Second)
		id := c.records()[0].Plan.ID
		taken := map[string]int{}
		for n := range 30 * 10 { // tenths of seconds
			for _, node := range names {
				err := r.Event(t.Context(), execution.Key{Execution: id, Node: node}, execution.Event{Reason: "Storm", Message: fmt.Sprint(n)})
				switch {
				case err == nil:
					taken[node]++
				case !errors.Is(err, execution.ErrTooMany):
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		all := 0
		for _, n := range taken {
			all += n
		}
		if most := 20 + 30*20; all > most || all < most-20 {
			t.Errorf("%d events were taken in 30 s, want about %d", all, most)
		}
		if most := written.most(); most > 2*20 { // the first twenty at once
			t.Errorf("requests within a second: got %d", most)
		}
	})
}

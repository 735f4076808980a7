package controller

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
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
		id := c.records()[0].plan.ID
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
		key := execution.Key{Execution: c.records()[0].plan.ID, Node: "a"}
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
		key := execution.Key{Execution: c.records()[0].plan.ID, Node: "a"}
		for range 3 {
			must(t, r.Event(t.Context(), key, execution.Event{Warning: true, Reason: "TestReason", Message: "test message: a1"}))
		}
		list, err := c.client.CoreV1().Events(testNamespace).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		found := 0
		for _, e := range list.Items {
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

func TestStandbyTakesNoCallbacks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig())
		time.Sleep(5 * time.Second)
		r.kill()
		key := execution.Key{Execution: c.records()[0].plan.ID, Node: "a"}
		if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, execution.ErrNotLeader) {
			t.Errorf("Result: got %v, want %v", err, execution.ErrNotLeader)
		}
	})
}

func TestLogsOfEndedTasksAreSaved(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("b", behaviour{exitCode: 1})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(func(c *config.Config) { c.SavePodLog = true }))
		defer r.kill()
		time.Sleep(30 * time.Second)
		rec := c.records()[0]
		if rec.account.Phase != execution.Closed {
			t.Fatalf("phase: got %s, want Closed", rec.account.Phase)
		}
		for _, node := range []string{"a", "b"} {
			if got := store.logs[execution.Key{Execution: rec.plan.ID, Node: node}]["main"]; !strings.Contains(got, "fake logs") {
				t.Errorf("log of node %s: got %q", node, got)
			}
		}
	})
}

func TestFileIsStoredUnderTheNode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].plan.ID, Node: "a"}
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

package controller

import (
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// A former leader must not contradict the metrics of the next one: an alert about nodes that
// have succeeded since would not end.
func TestAReplicaThatStandsDownForgetsTheLastExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const lastExecution = "batch_job_controller_last_execution_nodes"
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 5 * time.Second, exitCode: 1})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		time.Sleep(time.Minute)
		r.kill()
		if n := r.metric(lastExecution, "outcome=failed"); n != 1 {
			t.Errorf("while nobody else leads: %v nodes failed, want 1", n)
		}
		r.ObserveHolder("other_1@10.0.0.2")
		if text := r.lastingMetrics(); strings.Contains(text, lastExecution) {
			t.Errorf("once another replica leads: got\n%s", text)
		}
	})
}

// meetingStore calls a function when a result is stored.
type meetingStore struct {
	*memoryStore
	meets func()
}

// CreateResult stores a result.
func (s *meetingStore) CreateResult(key execution.Key, body []byte) error {
	err := s.memoryStore.CreateResult(key, body)
	s.meets()
	return err
}

// If two replicas exported a node's result, there would be two series called latest.
func TestAResultThatIsStoredWhileAReplicaStandsDownIsNotExportedThere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Hour})
		store := &meetingStore{memoryStore: newMemoryStore(), meets: func() {}}
		r := startReplica(t, c, store, testConfig())
		time.Sleep(time.Minute)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		store.meets = func() {
			r.kill() // the Lease is lost, and another replica leads
			r.ObserveHolder("other_1@10.0.0.2")
		}
		must(t, r.Result(t.Context(), key, []byte(validResult)))
		families, err := r.registry.Gather()
		must(t, err)
		for _, f := range families {
			if strings.HasPrefix(f.GetName(), "foo_") && strings.Contains(f.String(), string(key.Execution)) {
				t.Errorf("a standby exports %s: %v", f.GetName(), f.GetMetric())
			}
		}

		store.meets = func() {}
		next := startReplica(t, c, store, testConfig())
		defer next.kill()
		time.Sleep(time.Minute)
		if got := next.metric("foo_test", "executionID="+string(key.Execution)); got == 0 {
			t.Error("the leader does not export the result that was answered with success")
		}
	})
}

package controller

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func ofLabel(label string, value float64) string {
	return fmt.Sprintf(`{"test":[{"value":%v,"labels":{"label":%q}}]}`, value, label)
}

// Every later leader exports the results that a leader has acknowledged.
func TestAllResultsOfANodeAreExported(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Hour})
		store := newMemoryStore()
		leader := startReplica(t, c, store, testConfig())
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		for _, body := range []string{ofLabel("x", 1), ofLabel("y", 2), `{}`, ofLabel("x", 3), ofLabel("x", 3)} {
			must(t, leader.Result(t.Context(), key, []byte(body)))
		}
		const want = `{"test":[{"value":3,"labels":{"label":"x"}},{"value":2,"labels":{"label":"y"}}]}`
		if got := store.results[key]; string(got) != want {
			t.Errorf("stored: got  %s\nwant %s", got, want)
		}
		check := func(whose string, r *replica) {
			for label, want := range map[string]float64{"x": 3, "y": 2} {
				if got := r.metric("foo_test", "executionID="+string(key.Execution), "label="+label); got != want {
					t.Errorf("%s: got %v for %s, want %v", whose, got, label, want)
				}
			}
		}
		check("the leader", leader)
		if got := leader.metric("batch_job_controller_result_samples_total"); got != 4 {
			t.Errorf("samples received: got %v, want 4", got)
		}
		leader.kill()
		next := startReplica(t, c, store, testConfig())
		defer next.kill()
		time.Sleep(5 * time.Second)
		check("the next leader", next)
		must(t, next.Result(t.Context(), key, []byte(ofLabel("z", 4))))
		check("the next leader, after a result of its own", next)
	})
}

// slowReads pauses after every read of a result, so that another result may be stored.
type slowReads struct{ *memoryStore }

func (s slowReads) Result(key execution.Key) ([]byte, error) {
	body, err := s.memoryStore.Result(key)
	time.Sleep(time.Second)
	return body, err
}

func TestResultsThatComeTogetherLoseNone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		for _, node := range []string{"a", "b"} {
			c.behave(node, behaviour{runFor: time.Hour})
		}
		r := startReplica(t, c, slowReads{newMemoryStore()}, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		id := c.records()[0].Plan.ID
		var all sync.WaitGroup
		start := time.Now()
		for i := range 5 {
			for _, node := range []string{"a", "b"} {
				all.Go(func() {
					must(t, r.Result(t.Context(), execution.Key{Execution: id, Node: node}, []byte(ofLabel(fmt.Sprint(i), 1))))
				})
			}
		}
		all.Wait()
		synctest.Wait()
		if got := r.metric("foo_test", "executionID="+string(id)); got != 10 {
			t.Errorf("%v series are exported, want 10", got)
		}
		if took := time.Since(start); took != 5*time.Second { // of the bubble: the nodes do not wait for each other
			t.Errorf("took %v, want 5s", took)
		}
	})
}

func TestAResultThatBecomesTooLargeChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: time.Hour})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(func(c *config.Config) { c.Intake.ResultsPerTask = 2 }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
		must(t, r.Result(t.Context(), key, []byte(ofLabel("x", 1))))
		var invalid *execution.InvalidError
		if err := r.Result(t.Context(), key, []byte(manyLabels(100))); !errors.As(err, &invalid) || invalid.Limit != execution.LabelSets {
			t.Errorf("got %v, want the limit %s", err, execution.LabelSets)
		}
		if got := string(store.results[key]); got != ofLabel("x", 1) {
			t.Errorf("stored: got %s", got)
		}
		store.fail(errors.New("an input/output error"))
		if err := r.Result(t.Context(), key, []byte(ofLabel("y", 1))); err == nil {
			t.Error("a result was taken whose predecessor cannot be read")
		}
		store.fail(nil)
		must(t, r.Result(t.Context(), key, []byte(ofLabel("y", 1)))) // those that were refused do not count
		if got := r.metric("foo_test", "executionID="+string(key.Execution)); got != 2 {
			t.Errorf("%v series are exported, want 2", got)
		}
	})
}

func manyLabels(n int) string {
	text := `{"test":[`
	for i := range n {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(`{"value":1,"labels":{"label":"%d"}}`, i)
	}
	return text + "]}"
}

package controller

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// lastingMetrics returns all gauges, as /metrics shows them. Counters restart with each
// process.
func (r *replica) lastingMetrics() string {
	r.t.Helper()
	families, err := r.registry.Gather()
	must(r.t, err)
	var b strings.Builder
	for _, family := range families {
		if family.GetType().String() == "GAUGE" {
			_, err := expfmt.MetricFamilyToText(&b, family)
			must(r.t, err)
		}
	}
	return b.String()
}

func TestMetricsAreTheSameAfterARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d"}
		c := newCluster(t, nodes...)
		c.addNode("e", cordoned)
		c.behave("b", behaviour{runFor: 5 * time.Second, exitCode: 1})
		c.behave("d", behaviour{runFor: time.Hour}) // the second execution stays open
		for _, node := range []string{"a", "c"} {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) {
			c.RunOnStartup, c.CronExpression, c.JobTimeout, c.LatestMetricsLabel = false, "*/5 * * * *", time.Minute, true
		})
		r := startReplica(t, c, store, cfg)
		time.Sleep(5*time.Minute + 3*time.Second)
		first := c.records()[0].Plan.ID
		must(t, r.Result(t.Context(), execution.Key{Execution: first, Node: "a"}, []byte(validResult)))
		time.Sleep(5*time.Minute + 30*time.Second)
		second := c.records()[1].Plan.ID
		must(t, r.Result(t.Context(), execution.Key{Execution: second, Node: "a"}, []byte(`{"test":[{"value":2,"labels":{"label":"x"}}]}`)))
		must(t, r.Result(t.Context(), execution.Key{Execution: second, Node: "d"}, []byte(validResult))) // and runs on
		time.Sleep(time.Second)

		r, before := restart(r, c, store, cfg)
		time.Sleep(4 * time.Minute) // d was stopped: the second execution is closed
		r, _ = restart(r, c, store, cfg)
		defer r.kill()
		for _, want := range []string{`foo_test{executionID="latest",label="x",node="a"} 2`, `foo_processing{executionID="` + string(first) + `",node="b"} 1`, `batch_job_controller_last_execution_bad_node{node="b",nodecronjob="check",outcome="failed",reason="ContainerFailed"} 1`} {
			if !strings.Contains(before, want) {
				t.Errorf("metrics: no %s in\n%s", want, before)
			}
		}
	})
}

// restart compares the metrics before and after. It returns those before.
func restart(old *replica, c *cluster, store Store, cfg config.Config) (r *replica, before string) {
	old.t.Helper()
	before = old.lastingMetrics()
	old.kill()
	r = startReplica(old.t, c, store, cfg)
	time.Sleep(time.Second)
	if diff := cmp.Diff(before, r.lastingMetrics()); diff != "" {
		old.t.Errorf("metrics before (-) and after (+):\n%s", diff)
	}
	return r, before
}

func TestMissedTicksAreMadeUpForOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.RunOnStartup, c.CronExpression = false, "*/10 * * * *" })
		r := startReplica(t, c, store, cfg)
		time.Sleep(11 * time.Minute)
		r.kill()
		time.Sleep(34 * time.Minute) // ticks at 20, 30 and 40 minutes
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(30 * time.Second)
		var got []string
		for _, rec := range c.records() {
			got = append(got, rec.Plan.Scheduled.Format("15:04"))
		}
		if want := []string{"00:10", "00:40"}; !slices.Equal(got, want) {
			t.Errorf("executions: got %v, want %v", got, want)
		}
		if got := r.metric("batch_job_controller_ticks_missed_total"); got != 2 {
			t.Errorf("ticks missed: got %v, want 2", got)
		}
		if got := c.eventReasons(); !strings.Contains(got, "Warning/TicksMissed") {
			t.Errorf("events: got %s", got)
		}
	})
}

// A user who deletes all records must not make old ticks fire again.
func TestLastTickIsRememberedApartFromTheRecords(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.RunOnStartup, c.CronExpression = false, "0 * * * *" })
		r := startReplica(t, c, store, cfg)
		time.Sleep(61 * time.Minute)
		r.kill()
		must(t, c.resources().Delete(t.Context(), c.records()[0].Object.Name, metav1.DeleteOptions{}))
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(10 * time.Minute)
		if got := len(c.records()); got != 0 {
			t.Errorf("executions: got %d, want none: the tick was processed", got)
		}
	})
}

func TestConflictIsAnsweredByReadingTheRecordAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		for _, node := range []string{"a", "b", "c", "d"} {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		object := c.records()[0].Object.DeepCopy()
		object.Annotations = map[string]string{"somebody": "was here"}
		_, err := c.resources().Update(t.Context(), object, metav1.UpdateOptions{})
		must(t, err)
		time.Sleep(time.Minute)
		rec := c.records()[0]
		if rec.Account.Phase != execution.Closed || len(outcomes(rec)) != 4 {
			t.Errorf("record: %s, %v, want it closed with four outcomes", rec.Account.Phase, outcomes(rec))
		}
		for node, n := range c.created() {
			if n != 1 {
				t.Errorf("Jobs of node %s: got %d, want 1", node, n)
			}
		}
		if c.podsAtOnce() > 2 {
			t.Errorf("pods at once: got %d, want at most 2", c.podsAtOnce())
		}
	})
}

// A goroutine that is left over would keep the bubble from ending.
func TestTermThatEndsBeforeItHasRecoveredLeavesNothingBehind(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.react("get", "configmaps", func(clienttesting.Action) (bool, runtimeObject, error) {
			return true, nil, errors.New("the API server is away")
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		time.Sleep(5 * time.Second)
		r.kill()
	})
}

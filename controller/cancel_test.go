package controller

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// What people send with kubectl patch.
const (
	pauseIt  = `{"spec":{"paused":true}}`
	resumeIt = `{"spec":{"paused":false}}`
	drainIt  = `{"spec":{"cancel":"Drain"}}`
	stopIt   = `{"spec":{"cancel":"Stop"}}`
)

// steer changes the only execution as a person does.
func (c *cluster) steer(patch string) { c.patch(c.only().Object.Name, patch) }

// inEffect reports whether the status of the only execution is about its spec.
func (c *cluster) inEffect() bool { return c.only().Observed() }

// firstStatus returns the first Execution from now on whose status is written as a test
// wants.
func (c *cluster) firstStatus(wanted func(*v1alpha1.Execution) bool) *atomic.Pointer[v1alpha1.Execution] {
	var first atomic.Pointer[v1alpha1.Execution]
	c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
		if e, ok := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution); ok && wanted(e) {
			first.CompareAndSwap(nil, e.DeepCopy())
		}
		return false, nil, nil
	})
	return &first
}

func canceledAs(reason execution.Reason) execution.Outcome {
	return execution.Outcome{State: execution.Canceled, Reason: reason}
}

// steeredTest is an execution with a pool of two. Node a has a pod that runs, b one that
// starts after five minutes. Nodes c and d are admitted and wait for a slot; e and f are not
// admitted.
type steeredTest struct {
	// environment
	a     behaviour
	steer []string // a request every five seconds
	// expectations after an hour
	wantOpen   bool
	want       map[string]execution.Outcome
	wantReason string   // of the condition Complete
	wantEvents []string // about it
}

func (tt steeredTest) run(t *testing.T) {
	c := newCluster(t, "a", "b", "c", "d", "e", "f")
	c.behave("a", tt.a)
	c.behave("b", behaviour{startAfter: 5 * time.Minute})
	store := newMemoryStore()
	r := startReplica(t, c, store, testConfig())
	defer r.kill()
	for _, patch := range tt.steer {
		time.Sleep(5 * time.Second)
		c.steer(patch)
	}
	time.Sleep(time.Hour)
	synctest.Wait()

	rec := c.only()
	if diff := cmp.Diff(tt.want, outcomes(rec)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1}, c.created()); diff != "" {
		t.Errorf("Jobs (-want +got):\n%s", diff)
	}
	if open := rec.Account.Phase == execution.Open; open != tt.wantOpen {
		t.Errorf("phase: got %s", rec.Account.Phase)
	}
	if !c.inEffect() {
		t.Errorf("observedGeneration: got %d, want %d", rec.Object.Status.ObservedGeneration, rec.Object.Generation)
	}
	if _, reason := c.condition(v1alpha1.ConditionComplete); reason != tt.wantReason {
		t.Errorf("Complete: got reason %s, want %s", reason, tt.wantReason)
	}
	var events []string
	for _, reason := range []string{"ExecutionPaused", "ExecutionResumed", "ExecutionCanceled"} {
		for _, e := range c.eventsOf(reason) {
			if e.InvolvedObject.Kind != v1alpha1.ExecutionKind || e.Count != 1 {
				t.Errorf("event %s: got %d about a %s", reason, e.Count, e.InvolvedObject.Kind)
			}
			events = append(events, reason)
		}
	}
	if diff := cmp.Diff(tt.wantEvents, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if tt.wantOpen {
		return
	}
	report, err := store.Report(rec.Plan.ID)
	must(t, err)
	if got := r.metric("batch_job_controller_executions_closed_total", "result="+report.Result()); got != 1 || len(report.Tasks) != 6 {
		t.Errorf("executions closed as %s: got %v; nodes in the report: %d", report.Result(), got, len(report.Tasks))
	}
	for outcome, n := range rec.Account.Outcomes {
		labels := []string{"state=" + string(outcome.State), "reason=" + string(outcome.Reason)}
		if got := r.metric("batch_job_controller_node_tasks_total", labels...); got != float64(n.Len()) {
			t.Errorf("node tasks with %v: got %v, want %d", labels, got, n.Len())
		}
	}
}

func TestWhatPauseAndCancelDoToEachNode(t *testing.T) {
	runs, hangs := behaviour{runFor: 20 * time.Second}, behaviour{hangs: true}
	notStarted := canceledAs(execution.NotStarted)
	canceled := func(a execution.Outcome) map[string]execution.Outcome {
		return map[string]execution.Outcome{"a": a, "b": notStarted, "c": notStarted, "d": notStarted, "e": notStarted, "f": notStarted}
	}
	tests := map[string]steeredTest{
		"paused: what has a Job goes on": {
			a: runs, steer: []string{pauseIt}, wantOpen: true, want: map[string]execution.Outcome{"a": succeeded, "b": succeeded},
			wantReason: v1alpha1.ReasonPaused, wantEvents: []string{"ExecutionPaused"},
		},
		"drained: what runs goes on": {
			a: runs, steer: []string{drainIt}, want: canceled(succeeded),
			wantReason: v1alpha1.ReasonCanceled, wantEvents: []string{"ExecutionCanceled"},
		},
		"stopped": {
			a: hangs, steer: []string{stopIt}, want: canceled(canceledAs(execution.Stopped)),
			wantReason: v1alpha1.ReasonCanceled, wantEvents: []string{"ExecutionCanceled"},
		},
		"stopped, but the pod succeeds": {
			a: runs, steer: []string{stopIt}, want: canceled(succeeded),
			wantReason: v1alpha1.ReasonCanceled, wantEvents: []string{"ExecutionCanceled"},
		},
		"drained, then stopped": {
			a: hangs, steer: []string{drainIt, stopIt}, want: canceled(canceledAs(execution.Stopped)),
			wantReason: v1alpha1.ReasonCanceled, wantEvents: []string{"ExecutionCanceled", "ExecutionCanceled"},
		},
		"paused, then drained": {
			a: runs, steer: []string{pauseIt, drainIt}, want: canceled(succeeded),
			wantReason: v1alpha1.ReasonCanceled, wantEvents: []string{"ExecutionPaused", "ExecutionCanceled"},
		},
		"drained, then paused and resumed, which changes nothing": {
			a: hangs, steer: []string{drainIt, pauseIt, resumeIt, stopIt}, want: canceled(canceledAs(execution.Stopped)),
			wantReason: v1alpha1.ReasonCanceled, wantEvents: []string{"ExecutionCanceled", "ExecutionCanceled"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { inBubble(t, tt.run) })
	}
}

// The tasks that are not admitted end in one write, however many they are.
func TestACancelEndsWhatIsNotAdmittedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b"}
		for i := range 60 {
			nodes = append(nodes, fmt.Sprintf("node-%02d", i))
		}
		c := newCluster(t, nodes...)
		c.behave("a", behaviour{hangs: true})
		c.behave("b", behaviour{hangs: true})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		waiting := len(nodes) - c.only().Account.Admitted.Len()
		if waiting < 50 {
			t.Fatalf("not admitted: got %d", waiting)
		}
		first := c.firstStatus(func(e *v1alpha1.Execution) bool { return e.Status.Counts.Canceled > 0 })
		c.steer(drainIt)
		time.Sleep(time.Second)
		if e := first.Load(); e == nil || int(e.Status.Counts.Canceled) < waiting {
			t.Errorf("the first write with canceled nodes has %v, want at least %d", e, waiting)
		}
	})
}

// After the last task has ended, people can change nothing.
func TestACancelOfAClosingExecutionDoesNothing(t *testing.T) {
	for name, patch := range map[string]string{"drained": drainIt, "stopped": stopIt, "paused": pauseIt} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				store := newMemoryStore()
				store.fail(errors.New("input/output error"))
				r := startReplica(t, c, store, testConfig())
				defer r.kill()
				time.Sleep(20 * time.Second)
				if got := c.only().Account.Phase; got != execution.Closing {
					t.Fatalf("phase: got %s", got)
				}
				c.steer(patch)
				time.Sleep(20 * time.Second)
				store.fail(nil)
				time.Sleep(time.Minute)
				c.wantAllSucceeded(2)
				for _, reason := range []string{"ExecutionPaused", "ExecutionCanceled"} {
					c.wantOneEvent(reason, "")
				}
				if _, reason := c.condition(v1alpha1.ConditionComplete); reason != v1alpha1.ReasonAllEnded || !c.inEffect() {
					t.Errorf("Complete: got reason %s", reason)
				}
			})
		})
	}
}

// An execution without a node has nothing to wait for.
func TestAPausedExecutionWhoseNodesHaveEndedCloses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{runFor: 20 * time.Second})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = 2 }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		c.steer(pauseIt)
		time.Sleep(time.Minute)
		c.wantAllSucceeded(2)
	})
}

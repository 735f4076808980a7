package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// messages counts log messages.
type messages struct {
	slog.Handler
	mu     sync.Mutex
	counts map[string]int
}

func (m *messages) Handle(ctx context.Context, r slog.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[r.Message]++
	return m.Handler.Handle(ctx, r)
}

// runs returns how many runs of executions have begun.
func (m *messages) runs() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts["execution open"]
}

// startCounted starts a replica, and counts its log messages.
func startCounted(t *testing.T, c *cluster, cfg config.Config) (*replica, *messages) {
	t.Helper()
	log := &messages{Handler: slog.NewTextHandler(t.Output(), nil), counts: map[string]int{}}
	return startReplicaWith(t, c.client, newMemoryStore(), cfg, func(o *Options) { o.Log = slog.New(log) }), log
}

// patch changes an Execution, as kubectl patch does.
func (c *cluster) patch(name, patch string) {
	c.t.Helper()
	_, err := c.resources().Patch(c.ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	must(c.t, err)
}

// counter counts requests.
func (c *cluster) counter(verb, resource string) *atomic.Int32 {
	var n atomic.Int32
	c.react(verb, resource, func(clienttesting.Action) (bool, runtimeObject, error) {
		n.Add(1)
		return false, nil, nil
	})
	return &n
}

// only returns the only execution.
func (c *cluster) only() record.Record {
	c.t.Helper()
	all := c.records()
	if len(all) != 1 {
		c.t.Fatalf("executions: got %d, want 1", len(all))
	}
	return all[0]
}

func (c *cluster) condition(kind string) (status metav1.ConditionStatus, reason string) {
	c.t.Helper()
	found := meta.FindStatusCondition(c.only().Object.Status.Conditions, kind)
	if found == nil {
		return "", ""
	}
	return found.Status, found.Reason
}

// A person and other tools change what they may change of an open execution, all the time.
func TestAnExecutionRunsOnWhateverOfItsSpecChanges(t *testing.T) {
	patches := map[string][]string{
		"nothing":              nil,
		"labels":               {`{"metadata":{"labels":{"a":"%d"}}}`},
		"annotations":          {`{"metadata":{"annotations":{"a":"%d"}}}`},
		"paused, and not":      {`{"metadata":{"annotations":{"a":"%d"}},"spec":{"paused":true}}`, `{"metadata":{"annotations":{"a":"%d"}},"spec":{"paused":false}}`},
		"one after the others": {`{"metadata":{"labels":{"a":"%d"}}}`, `{"metadata":{"annotations":{"a":"%d"}}}`, `{"metadata":{"annotations":{"b":"%d"}},"spec":{"paused":false}}`},
	}
	const nodes = 12
	var undisturbed time.Duration
	for _, name := range []string{"nothing", "labels", "annotations", "paused, and not", "one after the others"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t)
				for i := range nodes {
					node := fmt.Sprintf("n%d", i)
					c.addNode(node)
					c.behave(node, behaviour{runFor: 3 * time.Second})
				}
				r, log := startCounted(t, c, testConfig())
				defer r.kill()
				time.Sleep(2 * time.Second)
				e := c.only().Object.Name
				for i := range 100 { // ten a second
					time.Sleep(100 * time.Millisecond)
					if each := patches[name]; len(each) > 0 {
						for _, patch := range each {
							c.patch(e, fmt.Sprintf(patch, i))
						}
					}
				}
				time.Sleep(time.Minute)
				got := c.only()
				if runs := log.runs(); runs != 1 {
					t.Errorf("runs: got %d, want 1", runs)
				}
				if ended := outcomes(got); got.Account.Phase != execution.Closed || len(ended) != nodes {
					t.Errorf("got %s with %d ends, want it closed with %d", got.Account.Phase, len(ended), nodes)
				}
				took := got.Object.Status.Duration.Duration.Duration
				if name == "nothing" {
					undisturbed = took
				}
				if took > undisturbed+undisturbed/10 {
					t.Errorf("it took %s, want no more than a tenth longer than %s", took, undisturbed)
				}
				if status := got.Object.Status; status.ObservedGeneration != got.Object.Generation || status.Counts.Unreported != nodes || status.Counts.Running != 0 {
					t.Errorf("generation %d: got %d observed, %+v", got.Object.Generation, status.ObservedGeneration, status.Counts)
				}
				if status, reason := c.condition(v1alpha1.ConditionComplete); status != metav1.ConditionTrue || reason != v1alpha1.ReasonAllEnded {
					t.Errorf("Complete: got %s, %s", status, reason)
				}
				for node, n := range c.created() {
					if n != 1 {
						t.Errorf("Jobs of node %s: got %d, want 1", node, n)
					}
				}
			})
		})
	}
}

// Another leader has written the status, and this one does not know of it yet.
func TestAnExecutionThatAnotherLeaderHasWrittenRunsAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		for _, node := range []string{"a", "b", "c", "d"} {
			c.behave(node, behaviour{runFor: 10 * time.Second})
		}
		r, log := startCounted(t, c, testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		mine := c.only()
		account := mine.Account.Clone()
		account.Created.Add(3)
		account.Admitted.Add(3)
		_, err := c.store().Swap(t.Context(), mine, record.Next{Account: account, At: time.Now()})
		must(t, err)
		time.Sleep(time.Minute)
		if runs := log.runs(); runs != 2 {
			t.Errorf("runs: got %d, want 2", runs)
		}
		if got := c.only(); got.Account.Phase != execution.Closed || len(outcomes(got)) != 4 {
			t.Errorf("got %s with %v, want it closed with four ends", got.Account.Phase, outcomes(got))
		}
	})
}

// The watch shows the leader its own writes, which tell it nothing. Of a changed spec it
// learns while it has nothing to write.
func TestOnlyAChangedSpecIsRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t)
		for i := range 20 {
			node := fmt.Sprintf("n%d", i)
			c.addNode(node)
			c.behave(node, behaviour{runFor: time.Duration(1+i/2) * time.Second})
		}
		c.behave("n9", behaviour{hangs: true}) // the last one
		r, log := startCounted(t, c, testConfig(func(c *config.Config) { c.PodPoolSize = 4 }))
		defer r.kill()
		time.Sleep(1500 * time.Millisecond)
		reads, writes := c.counter("get", "executions"), c.counter("update", "executions")
		time.Sleep(2 * time.Minute)
		if reads.Load() != 0 || writes.Load() < 5 {
			t.Errorf("got %d reads and %d writes, want some writes and no read", reads.Load(), writes.Load())
		}
		e := c.only()
		if e.Running() != 1 || !e.Observed() {
			t.Errorf("got %d that run, observed %t, want one", e.Running(), e.Observed())
		}
		for _, paused := range []bool{true, false} {
			want := v1alpha1.ReasonRunning
			if paused {
				want = v1alpha1.ReasonPaused
			}
			c.patch(e.Object.Name, fmt.Sprintf(`{"metadata":{"labels":{"a":"b"}},"spec":{"paused":%t}}`, !paused))
			time.Sleep(time.Second)
			reads.Store(0)
			c.patch(e.Object.Name, fmt.Sprintf(`{"spec":{"paused":%t}}`, paused))
			time.Sleep(time.Second)
			synctest.Wait()
			if n := reads.Load(); n != 1 {
				t.Errorf("paused %t: got %d reads, want 1", paused, n)
			}
			if status, reason := c.condition(v1alpha1.ConditionComplete); status != metav1.ConditionFalse || reason != want {
				t.Errorf("paused %t: Complete is %s, %s, want %s", paused, status, reason, want)
			}
			if !c.only().Observed() {
				t.Errorf("paused %t: the generation was not observed", paused)
			}
		}
		if runs := log.runs(); runs != 1 {
			t.Errorf("runs: got %d, want 1", runs)
		}
	})
}

// How many pods run is written with the account, and otherwise seldom.
func TestHowManyPodsRunIsWrittenSeldom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t)
		const nodes = 30
		for i := range nodes {
			node := fmt.Sprintf("n%d", i)
			c.addNode(node)
			c.behave(node, behaviour{startAfter: time.Duration(5+i) * time.Second, hangs: true})
		}
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = nodes }))
		defer r.kill()
		time.Sleep(4 * time.Second) // all Jobs are created, and the record says so
		writes := c.counter("update", "executions")
		time.Sleep(time.Minute)
		if n := writes.Load(); n < 3 || n > 5 {
			t.Errorf("writes: got %d, want one in ten seconds while pods start", n)
		}
		if got := c.only().Running(); got != nodes {
			t.Errorf("running: got %d, want %d", got, nodes)
		}
		writes.Store(0)
		time.Sleep(10 * time.Minute)
		if n := writes.Load(); n != 0 {
			t.Errorf("writes while nothing changes: got %d", n)
		}
	})
}

// The response to the write that closes the execution is lost, and before the next try a
// person pauses it.
func TestAChangedSpecDoesNotHideThatTheExecutionWasClosed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		var closed atomic.Bool
		c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
			e := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution)
			if e.Status.Phase != v1alpha1.Closed || closed.Swap(true) {
				return false, nil, nil
			}
			go func() {
				time.Sleep(50 * time.Millisecond)
				c.patch(e.Name, `{"spec":{"paused":true}}`)
			}()
			resource := v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource)
			return true, nil, errors.Join(c.client.Resources.Tracker().Update(resource, e, testNamespace), errors.New("the response is lost"))
		})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.Metrics.Gauges = nil }))
		defer r.kill()
		time.Sleep(time.Minute)
		for result, want := range map[string]float64{"aborted": 0, "succeeded": 1} {
			if got := r.metric("batch_job_controller_executions_closed_total", "result="+result); got != want {
				t.Errorf("executions that are counted as %s: got %v, want %v", result, got, want)
			}
		}
	})
}

// Nothing is left to write for an hour when a user deletes the Execution.
func TestADeletedExecutionEndsAtOnce(t *testing.T) {
	tests := map[string]func(*cluster, *v1alpha1.Execution){
		"in the background": func(c *cluster, e *v1alpha1.Execution) {
			must(c.t, c.resources().Delete(c.ctx, e.Name, metav1.DeleteOptions{}))
		},
		"in the foreground, or another client holds it up": func(c *cluster, e *v1alpha1.Execution) {
			e = e.DeepCopy()
			now := metav1.Now()
			e.DeletionTimestamp, e.Finalizers = &now, []string{metav1.FinalizerDeleteDependents}
			must(c.t, c.client.Resources.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource), e, testNamespace))
		},
	}
	for name, remove := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{hangs: true})
				}
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(10 * time.Second)
				remove(c, c.only().Object)
				time.Sleep(time.Second)
				r.wantAborted()
			})
		})
	}
}

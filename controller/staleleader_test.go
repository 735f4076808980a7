package controller

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// late is a request of a leader that is carried out when another one leads.
type late struct {
	verb, resource string
	isIt           func(object metav1.Object) bool
	carriedOut     func(c *cluster, object runtimeObject) error
	wantErr        func(error) bool // nil: it is carried out
}

func createExecution(c *cluster, object runtimeObject) error {
	_, err := c.resources().Create(c.ctx, object.(*v1alpha1.Execution), metav1.CreateOptions{})
	return err
}

func updateStatus(c *cluster, object runtimeObject) error {
	_, err := c.resources().UpdateStatus(c.ctx, object.(*v1alpha1.Execution), metav1.UpdateOptions{})
	return err
}

func createConfigMap(c *cluster, object runtimeObject) error {
	_, err := c.client.CoreV1().ConfigMaps(testNamespace).Create(c.ctx, object.(*corev1.ConfigMap), metav1.CreateOptions{})
	return err
}

func updateConfigMap(c *cluster, object runtimeObject) error {
	_, err := c.client.CoreV1().ConfigMaps(testNamespace).Update(c.ctx, object.(*corev1.ConfigMap), metav1.UpdateOptions{})
	return err
}

func lateRequests() map[string]late {
	every := func(metav1.Object) bool { return true }
	ofState := func(o metav1.Object) bool { return isState(o.GetName()) }
	conflict := apierrors.IsConflict
	return map[string]late{
		"that creates the Execution":      {"create", "executions", every, createExecution, apierrors.IsAlreadyExists},
		"that gives it an entry":          {"update", "configmaps", ofState, updateConfigMap, conflict},
		"that creates a part of its plan": {"create", "configmaps", func(o metav1.Object) bool { return !ofState(o) }, createConfigMap, nil},
		"that opens it":                   {"update", "executions", every, updateStatus, conflict},
	}
}

// A leader dies, or is suspended, while it opens an execution, and a request of it is carried out
// at the worst time: while the next leader runs the execution, after it has closed, or after it
// was deleted.
func TestARequestOfAStaleLeaderThatComesLate(t *testing.T) {
	times := map[string]struct {
		after  time.Duration // of the tick
		delete bool          // the Execution, before
	}{
		"while the next leader runs it": {after: 40 * time.Second},
		"after it has closed":           {after: 4 * time.Minute},
		"after it was deleted":          {after: 4 * time.Minute, delete: true},
	}
	for what, request := range lateRequests() {
		for when, tt := range times {
			t.Run(what+", "+when, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c := newCluster(t, "a", "b")
					c.behave("a", behaviour{runFor: time.Minute})
					began, store, cfg := time.Now(), newMemoryStore(), testConfig(everyTenMinutes)
					sent := c.dieAt(t, request, store, cfg)
					time.Sleep(10 * time.Second)
					r := startReplica(t, c, store, cfg)
					defer r.kill()
					time.Sleep(time.Until(began.Add(10*time.Minute + tt.after)))
					executions := c.records()
					if len(executions) != 1 {
						t.Fatalf("executions of the next leader: got %d, want 1", len(executions))
					}
					if tt.delete {
						must(t, c.resources().Delete(t.Context(), executions[0].Object.Name, metav1.DeleteOptions{}))
						synctest.Wait()
					}
					err := request.carriedOut(c, sent)
					gone := tt.delete && (err == nil || apierrors.IsNotFound(err))
					if !gone && request.wantErr != nil && !request.wantErr(err) {
						t.Errorf("the late request: got %v", err)
					}
					time.Sleep(5 * time.Minute)
					for node, n := range c.created() {
						if n != 1 {
							t.Errorf("Jobs of node %s: got %d, want 1", node, n)
						}
					}
					if !tt.delete {
						c.wantAllSucceeded(2)
					}
					time.Sleep(time.Until(began.Add(22 * time.Minute)))
					if got := c.executionsByTick(); got["00:20"] != execution.Closed {
						t.Errorf("executions: got %v, want that of the next tick, closed", got)
					}
					if tt.delete && request.resource == "executions" && request.verb == "create" {
						c.wantOneEvent(kube.EventExecutionRejected, v1alpha1.ReasonTickHandled)
					}
				})
			})
		}
	}
}

// dieAt starts a leader, and ends it at its first tick, when it has sent a request.
func (c *cluster) dieAt(t *testing.T, request late, store Store, cfg config.Config) (sent runtimeObject) {
	t.Helper()
	var armed atomic.Bool
	var object atomic.Pointer[runtimeObject]
	c.react(request.verb, request.resource, func(action clienttesting.Action) (bool, runtimeObject, error) {
		o := action.(clienttesting.CreateAction).GetObject() // as an update has
		if !armed.Load() || !request.isIt(o.(metav1.Object)) {
			return false, nil, nil
		}
		if object.Load() == nil {
			o = o.DeepCopyObject()
			object.Store(&o)
		}
		return true, nil, errors.New("the process was suspended")
	})
	r := startReplica(t, c, store, cfg)
	time.Sleep(9 * time.Minute)
	armed.Store(true)
	time.Sleep(time.Minute + 100*time.Millisecond)
	r.kill()
	armed.Store(false)
	if object.Load() == nil {
		t.Fatal("there was no such request")
	}
	return *object.Load()
}

// The state is deleted while an execution is being opened, while it is open, and while no
// replica leads. No other execution opens beside it, and no tick runs twice.
func TestTheStateIsDeleted(t *testing.T) {
	const tick = 10 * time.Minute
	tests := map[string]struct {
		at      time.Duration // after the beginning
		opens   time.Duration // from when the execution can be opened
		restart bool          // the leader ends before, and the next one starts after
	}{
		"before a tick":                                   {at: tick - time.Minute},
		"while an execution is being opened":              {at: tick + 10*time.Second, opens: tick + 30*time.Second},
		"while it is open":                                {at: tick + 10*time.Second},
		"after it has closed":                             {at: tick + 5*time.Minute},
		"while one is being opened, and no replica leads": {at: tick + 10*time.Second, opens: tick + 20*time.Second, restart: true},
		"while it is open, and no replica leads":          {at: tick + 10*time.Second, restart: true},
		"after it has closed, and no replica leads":       {at: tick + 5*time.Minute, restart: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{runFor: time.Minute})
				}
				began, store, cfg := time.Now(), newMemoryStore(), testConfig(everyTenMinutes)
				c.refuse("update", "executions", began.Add(tt.opens), errors.New("connection reset by peer"))
				r := startReplica(t, c, store, cfg)
				time.Sleep(tt.at)
				if tt.restart {
					r.kill()
				}
				must(t, c.client.CoreV1().ConfigMaps(testNamespace).Delete(t.Context(), testName+stateSuffix, metav1.DeleteOptions{}))
				if tt.restart {
					time.Sleep(5 * time.Second)
					r = startReplica(t, c, store, cfg)
				}
				defer func() { r.kill() }()
				time.Sleep(time.Until(began.Add(25 * time.Minute)))
				want := map[string]execution.Phase{"00:10": execution.Closed, "00:20": execution.Closed}
				if got := c.executionsByTick(); len(got) != 2 || got["00:10"] != want["00:10"] || got["00:20"] != want["00:20"] {
					t.Errorf("executions: got %v, want %v", got, want)
				}
				for node, n := range c.created() {
					if n != 2 {
						t.Errorf("Jobs of node %s: got %d, want one in each execution", node, n)
					}
				}
				if c.podsAtOnce() > 2 {
					t.Errorf("pods at once: got %d, want at most 2", c.podsAtOnce())
				}
				records := c.records()
				if len(records) == 2 && records[0].Plan.ID >= records[1].Plan.ID {
					t.Errorf("IDs: got %s and then %s", records[0].Plan.ID, records[1].Plan.ID)
				}
				if got := c.state(); len(got.Entries) != 0 || got.Restoring {
					t.Errorf("the state: got %+v", got)
				}
			})
		})
	}
}

package controller

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func noStartup(c *config.Config) { c.RunOnStartup = false }

func TestAPausedExecutionStaysPausedWithAnotherLeader(t *testing.T) {
	for name, seen := range map[string]bool{"which finds it paused": true, "which no leader has seen": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d", "e", "f")
				c.behave("a", behaviour{runFor: 10 * time.Second})
				c.behave("b", behaviour{runFor: 10 * time.Second})
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig())
				time.Sleep(5 * time.Second)
				if seen {
					c.steer(pauseIt)
					time.Sleep(2 * time.Second)
				}
				r.kill()
				if !seen {
					c.steer(pauseIt)
				}
				r = startReplica(t, c, store, testConfig(noStartup))
				defer func() { r.kill() }()
				time.Sleep(10 * time.Second)
				if c.inEffect() != seen {
					t.Errorf("in effect: got %t: a request of the leader before may still create a Job", c.inEffect())
				}
				time.Sleep(time.Hour)
				if n := len(c.created()); n != 2 {
					t.Errorf("nodes with a Job: got %d, want 2", n)
				}
				c.wantOneEvent(kube.EventExecutionPaused, "no further Job")
				if !c.inEffect() {
					t.Error("the pause is not in effect")
				}
				r.kill()
				c.steer(resumeIt)
				r = startReplica(t, c, store, testConfig(noStartup))
				time.Sleep(time.Minute)
				c.wantAllSucceeded(2)
				c.wantOneEvent(kube.EventExecutionResumed, "again")
			})
		})
	}
}

// No node without a Job is canceled as long as a request of the leader before may create it.
func TestACancelWithAnotherLeaderWaitsForTheRequestsOfTheOneBefore(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d", "e")
		c.behave("a", behaviour{runFor: time.Hour})
		c.behave("b", behaviour{runFor: time.Hour}) // c and d are admitted, e is not
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig())
		time.Sleep(5 * time.Second)
		r.kill()
		c.steer(drainIt)
		r = startReplica(t, c, store, testConfig())
		defer func() { r.kill() }()
		time.Sleep(kube.RequestGrace - 10*time.Second)
		if got := outcomes(c.only()); len(got) != 1 || got["e"] != canceledAs(execution.NotStarted) {
			t.Errorf("outcomes: got %v, want that only e is canceled", got)
		}
		time.Sleep(20 * time.Second)
		if got := outcomes(c.only()); len(got) != 3 {
			t.Errorf("outcomes: got %v, want those of c, d and e", got)
		}
	})
}

// The leader dies after it has stopped a Job, and before it has recorded the end. What the
// next one sees is a pod that the Job controller has killed.
func TestTheEndOfACanceledTaskOutlivesTheLeader(t *testing.T) {
	tests := map[string]struct {
		a     behaviour
		patch string
		want  execution.Reason
	}{
		"it was running":     {a: behaviour{hangs: true}, patch: stopIt, want: execution.Stopped},
		"it takes its grace": {a: behaviour{lingers: true}, patch: stopIt, want: execution.Stopped},
		"it had not started": {a: behaviour{never: "ContainerCreating"}, patch: drainIt, want: execution.NotStarted},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", tt.a)
				var dead atomic.Bool
				c.react("update", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
					return dead.Load(), nil, errors.New("dead")
				})
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig())
				time.Sleep(5 * time.Second)
				c.steer(tt.patch)
				dead.Store(true)
				time.Sleep(10 * time.Second)
				synctest.Wait()
				r.kill()
				dead.Store(false)
				if got := outcomes(c.only()); len(got) > 0 || c.jobsOfNode("a")[0].Annotations[jobspec.StopAnnotation] == "" {
					t.Fatalf("before the next leader: got outcomes %v, want none, but a stopped Job", got)
				}
				c.steer(pauseIt) // whatever it asks for now
				r = startReplica(t, c, store, testConfig(noStartup))
				defer r.kill()
				time.Sleep(time.Hour)
				c.wantOutcomes(map[string]execution.Outcome{"a": canceledAs(tt.want)})
				report, err := store.Report(c.only().Plan.ID)
				must(t, err)
				if got := report.Tasks[0]; got.State != execution.Canceled || got.Reason != tt.want || got.Message == "" {
					t.Errorf("report: got %+v", got)
				}
			})
		})
	}
}

// The response to the stop of a Job is lost, or the request is.
func TestAStopWithoutAResponse(t *testing.T) {
	lost := apierrors.NewInternalError(errors.New("no response"))
	for name, lose := range map[string]func(*cluster) func() bool{
		"it was carried out": func(c *cluster) func() bool { return c.loseAnswer("patch", "jobs", 1, lost) },
		"it was not": func(c *cluster) func() bool {
			var n atomic.Int32
			c.react("patch", "jobs", func(action clienttesting.Action) (bool, runtimeObject, error) {
				return action.GetSubresource() == "" && n.Add(1) == 1, nil, lost
			})
			return func() bool { return n.Load() > 0 }
		},
	} {
		for what, tt := range map[string]struct {
			a     behaviour
			patch string
			want  execution.Reason
		}{
			"of a pod that runs":    {behaviour{hangs: true}, stopIt, execution.Stopped},
			"of one that waits":     {behaviour{never: "ErrImagePull"}, drainIt, execution.NotStarted},
			"and the pod takes its": {behaviour{lingers: true}, stopIt, execution.Stopped},
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c := newCluster(t, "a")
					c.behave("a", tt.a)
					wasLost := lose(c)
					r := startReplica(t, c, newMemoryStore(), testConfig())
					defer r.kill()
					time.Sleep(5 * time.Second)
					c.steer(tt.patch)
					time.Sleep(time.Hour)
					c.wantOutcomes(map[string]execution.Outcome{"a": canceledAs(tt.want)})
					if !wasLost() {
						t.Error("no Job was stopped")
					}
					if n := r.metric("batch_job_controller_node_tasks_total", "state=canceled"); n != 1 {
						t.Errorf("canceled tasks that are counted: got %v, want 1", n)
					}
				})
			})
		}
	}
}

// The node of a canceled execution ends as it really has, if that comes first.
func TestATaskThatEndsWhileItsExecutionIsCanceled(t *testing.T) {
	for name, tt := range map[string]struct {
		during func(*cluster)
		want   execution.Outcome
	}{
		"its node is deleted":       {func(c *cluster) { c.deleteNode("a") }, lostBy(execution.NodeGone)},
		"its Job is deleted":        {func(c *cluster) { c.deleteJob("a") }, lostBy(execution.JobDeleted)},
		"its pod is deleted before": {func(c *cluster) { c.deletePod("a") }, lostBy(execution.PodDeleted)},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{hangs: true})
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(5 * time.Second)
				tt.during(c)
				synctest.Wait()
				c.steer(stopIt)
				time.Sleep(10 * time.Minute)
				if got := outcomes(c.only())["a"]; got != tt.want {
					t.Errorf("outcome: got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// The cache shows what happens to pods a minute later.
func TestACancelDoesNotRelyOnTheCacheOfPods(t *testing.T) {
	for name, tt := range map[string]struct {
		a     behaviour
		patch string
		want  execution.Outcome
	}{
		"a pod that runs is drained":   {behaviour{runFor: 30 * time.Second}, drainIt, succeeded},
		"a pod that runs is stopped":   {behaviour{hangs: true}, stopIt, canceledAs(execution.Stopped)},
		"a pod has done its work":      {behaviour{}, stopIt, succeeded},
		"a pod has failed":             {behaviour{exitCode: 3}, drainIt, failedWith(execution.ContainerFailed)},
		"a pod has not really started": {behaviour{never: "ErrImagePull"}, drainIt, canceledAs(execution.NotStarted)},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", tt.a)
				c.through("pods", lens{late: time.Minute})
				c.through("jobs", lens{late: 3 * time.Second})
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(5 * time.Second)
				c.steer(tt.patch)
				time.Sleep(5 * time.Minute)
				c.wantOutcomes(map[string]execution.Outcome{"a": tt.want})
			})
		})
	}
}

// The next leader's cache of Jobs lags behind: it does not show that the Job was stopped when
// its work was done, and the pod is gone since.
func TestACancelDoesNotRelyOnTheCacheOfJobs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{injected: true, runFor: 10 * time.Second})
		var dead atomic.Bool
		c.react("update", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
			return dead.Load(), nil, errors.New("dead")
		})
		store := newMemoryStore()
		first := startReplica(t, c, store, testConfig())
		time.Sleep(5 * time.Second)
		c.through("jobs", lens{late: 10 * time.Minute})
		next := newReplica(t, c.client, store, testConfig(noStartup))
		next.watch()
		dead.Store(true)
		time.Sleep(15 * time.Second)
		first.kill()
		dead.Store(false)
		if got := outcomes(c.only()); len(got) > 0 || c.jobsOfNode("a")[0].Annotations[jobspec.StopAnnotation] == "" {
			t.Fatalf("before the next leader: got outcomes %v, want none, but a stopped Job", got)
		}
		c.steer(drainIt)
		next.lead()
		defer next.kill()
		time.Sleep(time.Hour)
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded})
	})
}

func TestResultsOfACanceledNode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("a", behaviour{hangs: true})
		c.behave("b", behaviour{lingers: true}) // the execution stays open
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodTemplate = patientTemplate }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		key := execution.Key{Execution: c.only().Plan.ID, Node: "a"}
		c.steer(stopIt)
		time.Sleep(10 * time.Second)
		must(t, r.Result(t.Context(), key, []byte(validResult))) // sent before the pod was killed
		time.Sleep(time.Minute)
		if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, execution.ErrEnded) {
			t.Errorf("a minute after the end: got %v, want %v", err, execution.ErrEnded)
		}
		if value, bad := r.metric("foo_test", "node=a", "label=x"), r.metric("foo_processing", "node=a"); value != 1.5 || bad != 0 {
			t.Errorf("exported: got %v, bad %v, want what it has reported", value, bad)
		}
		if got := c.only().Account.Phase; got != execution.Open {
			t.Errorf("phase: got %s: the execution does not wait for the grace period of node b", got)
		}
	})
}

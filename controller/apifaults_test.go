package controller

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// byTheController reports whether the controller requested an action, and not the fake Job
// controller or a fake kubelet.
func byTheController(action clienttesting.Action) bool {
	switch action.GetResource().Resource {
	case "pods":
		return action.Matches("list", "pods") || action.Matches("watch", "pods") || action.GetSubresource() == "log"
	case "jobs":
		return action.GetSubresource() != "status"
	case "secrets":
		return !action.Matches("get", "secrets")
	default:
		return true
	}
}

func TestAPIServerThatFailsOftenIsNotGivenUp(t *testing.T) {
	faults := []error{
		apierrors.NewInternalError(errors.New("broken")),
		apierrors.NewServiceUnavailable("away"),
		apierrors.NewTooManyRequestsError("busy"),
	}
	for seed := range uint64(10) {
		t.Run(fmt.Sprintf("F-10 three requests in ten fail, seed %d", seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d", "e", "f")
				for _, node := range []string{"a", "c", "e"} {
					c.behave(node, behaviour{runFor: 5 * time.Second})
				}
				var mu sync.Mutex
				random := rand.New(rand.NewPCG(seed, 0))
				end := time.Now().Add(3 * time.Minute)
				fault := func() error {
					mu.Lock()
					defer mu.Unlock()
					if time.Now().After(end) || random.IntN(10) >= 3 {
						return nil
					}
					return faults[random.IntN(len(faults))]
				}
				c.react("*", "*", func(action clienttesting.Action) (bool, runtimeObject, error) {
					if !byTheController(action) {
						return false, nil, nil
					}
					err := fault()
					return err != nil, nil, err
				})
				c.client.PrependWatchReactor("*", func(clienttesting.Action) (bool, watch.Interface, error) {
					err := fault()
					return err != nil, nil, err
				})
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.SavePodLog = true }))
				defer r.kill()
				time.Sleep(4 * time.Minute)
				c.wantAllSucceeded(2)
			})
		})
	}
}

// loseAnswer carries out the n-th request, and loses its response. It returns whether
// there was such a request.
func (c *cluster) loseAnswer(verb, resource string, n int, err error) (lost func() bool) {
	var seen atomic.Int32
	c.loseAnswerIf(verb, resource, func(action clienttesting.Action) bool {
		return (action.GetSubresource() == "" || resource == v1alpha1.ExecutionResource) && seen.Add(1) == int32(n)
	}, err)
	return func() bool { return int(seen.Load()) >= n }
}

// loseAnswerIf carries out the requests that are lost, and answers them with an error.
func (c *cluster) loseAnswerIf(verb, resource string, lost func(clienttesting.Action) bool, err error) {
	fake := c.fakes(resource)[0]
	fake.Lock()
	others := slices.Clone(fake.ReactionChain)
	fake.Unlock()
	c.react(verb, resource, func(action clienttesting.Action) (bool, runtimeObject, error) {
		if !lost(action) {
			return false, nil, nil
		}
		for _, reactor := range others {
			if !reactor.Handles(action) {
				continue
			}
			if handled, _, refused := reactor.React(action); handled && refused != nil {
				return true, nil, refused
			} else if handled {
				return true, nil, err
			}
		}
		return false, nil, nil
	})
}

func TestWriteWhoseAnswerIsLostIsNotDoneTwice(t *testing.T) {
	answers := []error{
		apierrors.NewInternalError(errors.New("after the write")),
		apierrors.NewTimeoutError("after the write", 1),
		errors.New("connection reset by peer"),
	}
	for request, writes := range map[string]int{
		"create jobs": 4, "create configmaps": 2, "update configmaps": 3, "create executions": 1, "update executions": 5, "patch jobs": 1, "create events": 2,
	} {
		for n := range writes {
			err := answers[n%len(answers)]
			t.Run(fmt.Sprintf("F-11 %s, number %d: %s", request, n+1, err), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c := newCluster(t, "a", "b", "c", "d")
					c.behave("b", behaviour{never: "ImagePullBackOff"}) // it is stopped, by a patch
					verb, resource, _ := strings.Cut(request, " ")
					lost := c.loseAnswer(verb, resource, n+1, err)
					r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.StartDeadline = time.Minute }))
					defer r.kill()
					time.Sleep(3 * time.Minute)
					if !lost() {
						t.Fatal("there was no such request")
					}
					all := c.records()
					if len(all) != 1 || all[0].Account.Phase != execution.Closed {
						t.Fatalf("records: got %d, want one that is closed", len(all))
					}
					want := map[string]execution.Outcome{"a": succeeded, "b": failedWith("ImagePullBackOff"), "c": succeeded, "d": succeeded}
					if diff := cmp.Diff(want, outcomes(all[0])); diff != "" {
						t.Errorf("outcomes (-want +got):\n%s", diff)
					}
					for node, n := range c.created() {
						if n != 1 {
							t.Errorf("Jobs of node %s: got %d, want 1", node, n)
						}
					}
					if c.podsAtOnce() > 2 {
						t.Errorf("pods at once: got %d, want at most 2", c.podsAtOnce())
					}
					for result, want := range map[string]float64{"failed": 1, "aborted": 0} {
						if n := r.metric("batch_job_controller_executions_closed_total", "result="+result); n != want {
							t.Errorf("executions that are counted as %s: got %v, want %v", result, n, want)
						}
					}
				})
			})
		}
	}
}

// A namespace that is being deleted accepts no new object, and loses those it has.
func TestNamespaceThatTerminates(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		c.behave("a", behaviour{runFor: 20 * time.Second})
		c.behave("b", behaviour{runFor: 20 * time.Second})
		terminating := apierrors.NewForbidden(batchv1.Resource("jobs"), "x", errors.New("namespace jobs is being terminated"))
		terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause, Message: "namespace jobs is being terminated"}}
		var asked meter
		var begun atomic.Bool
		c.react("create", "*", func(action clienttesting.Action) (bool, runtimeObject, error) {
			if !begun.Load() || !byTheController(action) {
				return false, nil, nil
			}
			asked.count()
			return true, nil, terminating
		})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(10 * time.Second)
		begun.Store(true)
		time.Sleep(20 * time.Second)
		must(t, c.resources().Delete(t.Context(), c.records()[0].Object.Name, metav1.DeleteOptions{}))
		for _, node := range []string{"a", "b"} {
			for _, job := range c.jobsOfNode(node) {
				must(t, c.client.BatchV1().Jobs(testNamespace).Delete(t.Context(), job.Name, metav1.DeleteOptions{}))
			}
		}
		before := asked.count()
		time.Sleep(time.Minute)
		if got := asked.count() - 1 - before; got > 2*5 { // two slots, one attempt each in 15 s
			t.Errorf("requests within a minute: got %d, want at most 10", got)
		}
		time.Sleep(10 * time.Minute) // startDeadline
		if r.hasOpenExecution() {
			t.Error("the execution is still open")
		}
		before = asked.count()
		time.Sleep(time.Hour)
		if got := asked.count() - 1 - before; got > 0 {
			t.Errorf("requests in the hour after the execution was given up: got %d, want none", got)
		}
	})
}

func TestEventsThatAreRefusedLoseNoResult(t *testing.T) {
	for name, tt := range map[string]struct{ err, want error }{
		"F-57 forbidden": {apierrors.NewForbidden(corev1.Resource("events"), "x", nil), execution.ErrUnavailable},
		"F-57 broken":    {apierrors.NewInternalError(errors.New("broken")), execution.ErrUnavailable},
		"F-57 too slow":  {apierrors.NewTimeoutError("too slow", 1), execution.ErrUnavailable},
		"F-57 away":      {apierrors.NewServiceUnavailable("no endpoints"), execution.ErrNoAnswer},
		"F-57 no answer": {errors.New("connection reset by peer"), execution.ErrNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: 10 * time.Second})
				c.react("create", "events", func(clienttesting.Action) (bool, runtimeObject, error) { return true, nil, tt.err })
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig())
				defer r.kill()
				time.Sleep(5 * time.Second)
				key := execution.Key{Execution: c.records()[0].Plan.ID, Node: "a"}
				if err := r.Event(t.Context(), key, execution.Event{Reason: "R", Message: "m"}); !errors.Is(err, tt.want) {
					t.Errorf("Event: got %v, want %v, so that it is sent again", err, tt.want)
				}
				must(t, r.Result(t.Context(), key, []byte(validResult)))
				time.Sleep(time.Minute)
				c.wantAllSucceeded(2)
				if !store.HasResult(key) {
					t.Error("the result is not stored")
				}
			})
		})
	}
}

// The response to the stop of the Job is lost. By the next try, its pod and with it the
// reason are deleted.
func TestAStopWhoseAnswerIsLostKeepsItsReason(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{never: "ImagePullBackOff"})
		c.through("jobs", lens{late: 10 * time.Second})
		lost := c.loseAnswer("patch", "jobs", 1, apierrors.NewInternalError(errors.New("after the write")))
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.StartDeadline = time.Minute }))
		defer r.kill()
		for !lost() {
			time.Sleep(time.Millisecond)
		}
		pod := c.jobsOfNode("a")[0].Name + "-x"
		err := c.client.CoreV1().Pods(testNamespace).Delete(t.Context(), pod, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) { // the Job controller may have been faster
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		c.wantOutcomes(map[string]execution.Outcome{"a": failedWith("ImagePullBackOff")})
	})
}

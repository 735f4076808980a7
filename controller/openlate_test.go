package controller

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// hourly fires at the full hour only, and gives up after ten minutes.
func hourly(c *config.Config) {
	c.CronExpression, c.RunOnStartup, c.StartingDeadline = "0 * * * *", false, 10*time.Minute
}

// refuse makes writes fail for a while.
func (c *cluster) refuse(verb, resource string, until time.Time, err error) {
	c.react(verb, resource, func(clienttesting.Action) (bool, runtimeObject, error) {
		return time.Now().Before(until), nil, err
	})
}

// refuseParts makes the creation of plan parts fail for a while.
func (c *cluster) refuseParts(until time.Time, err error) {
	c.react("create", "configmaps", func(action clienttesting.Action) (bool, runtimeObject, error) {
		object := action.(clienttesting.CreateAction).GetObject().(*corev1.ConfigMap)
		return !isState(object.Name) && time.Now().Before(until), nil, err
	})
}

func isState(name string) bool { return strings.HasSuffix(name, stateSuffix) }

// The first tick is due after an hour. The fault ends after five and a half hours.
func TestAnExecutionThatCannotBeOpenedIsGivenUp(t *testing.T) {
	tooLarge := apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("ConfigMap").GroupKind(), "x",
		field.ErrorList{field.TooLong(field.NewPath(""), "", 1<<20)})
	const mended = 5*time.Hour + 30*time.Minute
	tests := map[string]struct {
		prepare  func(*cluster, time.Time)
		wantSays string
	}{
		"the callback Service is gone": {func(c *cluster, until time.Time) {
			c.react("get", "services", func(clienttesting.Action) (bool, runtimeObject, error) {
				return time.Now().Before(until), nil, apierrors.NewNotFound(corev1.Resource("services"), testName)
			})
		}, `callbackServiceName "check"`},
		"the plan is too large": {func(c *cluster, until time.Time) { c.refuseParts(until, tooLarge) }, "Too long"},
		"a policy denies the record": {func(c *cluster, until time.Time) {
			c.refuse("create", "executions", until, policyDenial("executions"))
		}, "no owner"},
		"a policy denies that it opens": {func(c *cluster, until time.Time) {
			c.refuse("update", "executions", until, policyDenial("executions"))
		}, "no owner"},
		"a webhook denies the record": {func(c *cluster, until time.Time) { c.refuse("create", "executions", until, webhookDenial()) }, "cannot verify"},
		"a webhook denies the plan":   {func(c *cluster, until time.Time) { c.refuseParts(until, webhookDenial()) }, "cannot verify"},
		"a proxy denies the record": {func(c *cluster, until time.Time) {
			c.refuse("create", "executions", until, proxyAnswer(http.StatusForbidden))
		}, "execution record"},
		"nothing of the record is ever heard": {func(c *cluster, until time.Time) {
			c.refuse("create", "executions", until, errors.New("connection reset by peer"))
		}, "connection reset"},
		"the state cannot be changed": {func(c *cluster, until time.Time) {
			c.refuse("update", "configmaps", until, policyDenial("configmaps"))
		}, "no owner"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				began := time.Now()
				tt.prepare(c, began.Add(mended))
				r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
				defer r.kill()
				time.Sleep(mended + time.Minute)
				synctest.Wait()
				if got := r.metric("batch_job_controller_ticks_missed_total"); got != 5 {
					t.Errorf("ticks missed: got %v, want 5", got)
				}
				if got := len(c.records()); got != 0 {
					t.Errorf("executions: got %d, want none: each was too late", got)
				}
				events := c.eventsOf(kube.EventTicksMissed)
				for _, e := range events {
					if !strings.Contains(e.Message, tt.wantSays) || !strings.Contains(e.Message, "startingDeadline (10m0s)") {
						t.Errorf("event: got %q, want that it says %q and startingDeadline", e.Message, tt.wantSays)
					}
				}
				if len(events) != 5 {
					t.Errorf("events: got %d, want one for each tick", len(events))
				}
				time.Sleep(45 * time.Minute) // over the next tick
				all := c.records()
				if len(all) != 1 || !all[0].Plan.Scheduled.Equal(began.Add(6*time.Hour)) || all[0].Account.Phase != execution.Closed {
					t.Errorf("executions: got %d, want that of the tick after it was mended", len(all))
				}
				if entries := c.state().Entries; len(entries) != 0 {
					t.Errorf("the state still has the entries %+v", entries)
				}
			})
		})
	}
}

// A fault that ends within startingDeadline only costs time.
func TestAnExecutionThatIsOpenedLate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		began := time.Now()
		c.refuse("create", "executions", began.Add(time.Hour+9*time.Minute), webhookDenial())
		r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
		defer r.kill()
		time.Sleep(time.Hour + 15*time.Minute)
		c.wantAllSucceeded(1)
		if got := r.metric("batch_job_controller_ticks_missed_total"); got != 0 {
			t.Errorf("ticks missed: got %v, want none", got)
		}
	})
}

// The response to the write that opens the execution is lost, and all requests fail until
// the startingDeadline has passed: it may be open.
func TestARecordWhoseAnswerWasLostIsNotGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		began := time.Now()
		r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
		defer r.kill()
		time.Sleep(time.Minute)
		lost := c.loseAnswer("update", "executions", 1, errors.New("connection reset by peer"))
		c.react("*", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
			return lost() && time.Since(began) < time.Hour+20*time.Minute, nil, errors.New("connection refused")
		})
		time.Sleep(time.Hour + 30*time.Minute)
		c.wantAllSucceeded(2)
		if got := r.metric("batch_job_controller_ticks_missed_total"); got != 0 {
			t.Errorf("ticks missed: got %v, want none: its execution ran", got)
		}
	})
}

// A write that is carried out after the tick was missed would open an execution that no
// replica has.
func TestAnOpeningThatComesLateIsFound(t *testing.T) {
	for name, late := range map[string]time.Duration{"within its time": 10*time.Minute - time.Second, "afterwards": 10*time.Minute + 15*time.Second} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				began := time.Now()
				r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
				defer r.kill()
				time.Sleep(time.Minute)
				var sent atomic.Pointer[v1alpha1.Execution] // with the status that opens it
				c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
					if time.Since(began) >= time.Hour+late {
						return false, nil, nil
					}
					if e := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution); e.Status.Phase == v1alpha1.Open {
						sent.Store(e.DeepCopy())
					}
					return true, nil, errors.New("connection reset by peer")
				})
				time.Sleep(time.Until(began.Add(time.Hour + late)))
				synctest.Wait()
				_, err := c.resources().UpdateStatus(t.Context(), sent.Load(), metav1.UpdateOptions{})
				must(t, err)
				time.Sleep(15 * time.Minute)
				c.wantAllSucceeded(2)
				if got := r.metric("batch_job_controller_ticks_missed_total"); got != 0 {
					t.Errorf("ticks missed: got %v, want none: its execution ran", got)
				}
			})
		})
	}
}

// A leader dies while it opens an execution, and its successor starts after the
// startingDeadline.
func TestAnOpeningOfAnEarlierLeaderIsGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		began := time.Now()
		c.refuse("create", "executions", began.Add(time.Hour+5*time.Minute), errors.New("connection reset by peer"))
		store := newMemoryStore()
		first := startReplica(t, c, store, testConfig(hourly))
		time.Sleep(time.Hour + time.Minute)
		first.kill()
		time.Sleep(30 * time.Minute)
		second := startReplica(t, c, store, testConfig(hourly))
		defer second.kill()
		time.Sleep(5 * time.Minute)
		events := c.eventsOf(kube.EventTicksMissed)
		if len(events) != 1 || !strings.Contains(events[0].Message, "no replica led") {
			t.Errorf("events: got %d, want one that says why", len(events))
		}
		time.Sleep(30 * time.Minute)
		if all := c.records(); len(all) != 1 || !all[0].Plan.Scheduled.Equal(began.Add(2*time.Hour)) {
			t.Errorf("executions: got %d, want that of the next tick", len(all))
		}
	})
}

// The response to the write that begins an execution in the state is lost, and all requests
// fail until the startingDeadline has passed. The state says whether the execution has
// begun, and the tick counts once.
func TestATickWhoseStateWasWrittenUnseenIsMissedOnce(t *testing.T) {
	const deadline = time.Hour + 10*time.Minute
	tests := map[string]struct {
		arrives time.Duration // the write that begins the execution; 0: never
		lasts   time.Duration // what keeps the answers away
	}{
		"the write was carried out at once":                {arrives: time.Hour, lasts: deadline + 10*time.Minute},
		"the write was carried out when it was given up":   {arrives: deadline + 15*time.Second, lasts: deadline + time.Second},
		"no write was carried out":                         {lasts: deadline + 10*time.Minute},
		"no write was carried out, and ticks went by":      {lasts: 3*time.Hour + 30*time.Minute},
		"the write was carried out, and ticks went by too": {arrives: time.Hour, lasts: 3*time.Hour + 30*time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				began := time.Now()
				r := startReplica(t, c, newMemoryStore(), testConfig(hourly))
				defer r.kill()
				time.Sleep(time.Minute)
				var sent atomic.Pointer[corev1.ConfigMap] // the state
				c.react("update", "configmaps", func(action clienttesting.Action) (bool, runtimeObject, error) {
					object := action.(clienttesting.UpdateAction).GetObject().(*corev1.ConfigMap)
					if !isState(object.Name) || time.Since(began) >= tt.lasts {
						return false, nil, nil
					}
					sent.Store(object.DeepCopy())
					return true, nil, errors.New("connection reset by peer")
				})
				c.react("get", "configmaps", func(clienttesting.Action) (bool, runtimeObject, error) {
					return time.Since(began) < tt.lasts, nil, errors.New("connection refused")
				})
				if tt.arrives > 0 {
					time.Sleep(time.Until(began.Add(tt.arrives)))
					synctest.Wait()
					comes := sent.Load()
					comes.ResourceVersion = "unseen"
					must(t, c.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("configmaps"), comes, testNamespace))
				}
				next := began.Add(max(tt.lasts, 2*time.Hour-1)).Truncate(time.Hour).Add(time.Hour)
				time.Sleep(time.Until(next.Add(time.Minute)))
				all := c.records()
				if len(all) != 1 || !all[0].Plan.Scheduled.Equal(next) || all[0].Account.Phase != execution.Closed {
					t.Errorf("executions: got %d, want that of the tick after it was mended", len(all))
				}
				want := next.Sub(began)/time.Hour - 1
				if got := r.metric("batch_job_controller_ticks_missed_total"); got != float64(want) {
					t.Errorf("ticks missed: got %v, want %d: each counts once", got, want)
				}
				told := 0
				for _, e := range c.eventsOf(kube.EventTicksMissed) {
					if strings.Contains(e.Message, "connection re") {
						told++
					}
				}
				if told == 0 {
					t.Errorf("no event says what kept the tick: %+v", c.eventsOf(kube.EventTicksMissed))
				}
			})
		})
	}
}

package controller

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// without returns a configuration without a definition.
func without() config.Config {
	return testConfig(func(c *config.Config) { c.Definition, c.HasDefinition = config.Definition{}, false })
}

// withPool gives the definition a pool, and the ConfigMap the hash of that.
func withPool(size int) func(*config.Config) {
	return func(c *config.Config) { c.PodPoolSize, c.Hash = size, fmt.Sprint("pool ", size) }
}

// isDefined reports whether there is a NodeCronJob of the ConfigMap's definition.
func (c *cluster) isDefined() bool {
	c.t.Helper()
	_, err := c.client.V1alpha1().NodeCronJobs(testNamespace).Get(c.ctx, testName, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		c.t.Fatal(err)
	}
	return err == nil
}

// wantTriggers compares what has started the executions that have a record.
func (c *cluster) wantTriggers(want ...execution.Trigger) {
	c.t.Helper()
	var got []execution.Trigger
	for _, r := range c.records() {
		got = append(got, r.Plan.Trigger)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("executions at %s: got %v, want %v", time.Now().UTC().Format("15:04:05"), got, want)
	}
}

func TestTheDefinitionInTheConfigMapIsANodeCronJob(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig())
		time.Sleep(5 * time.Minute)
		c.wantTriggers(execution.Startup)
		n, r1 := c.defined(testName), c.records()[0]
		if owner := metav1.GetControllerOf(r1.Object); owner == nil || owner.UID != n.UID || r1.Plan.ConfigHash != "cafe" {
			t.Errorf("the execution belongs to %v, and has the hash %s", owner, r1.Plan.ConfigHash)
		}
		if n.Labels[jobspec.OwnerLabel] != testName || n.Status.LastExecution == nil || c.accepted(testName).Status != metav1.ConditionTrue {
			t.Errorf("labels %v, status %+v", n.Labels, n.Status)
		}
		if got := r.metric("batch_job_controller_config_last_reload_successful"); got != 1 {
			t.Errorf("the metric says %v", got)
		}
		r.kill()
	})
}

// Each process runs for runOnStartup, and each only once.
func TestRunOnStartupOfTheConfigMap(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		first := startReplica(t, c, store, testConfig())
		standby := newReplica(t, c.client, store, testConfig())
		standby.watch()
		time.Sleep(5 * time.Minute)
		first.kill()
		standby.lead()
		time.Sleep(5 * time.Minute)
		c.wantTriggers(execution.Startup) // also for the standby: it was there then
		standby.Reconfigure(testConfig(withPool(7)))
		time.Sleep(5 * time.Minute)
		c.wantTriggers(execution.Startup)
		standby.kill()
		silent := startReplica(t, c, store, testConfig(withPool(7), withoutStartup))
		time.Sleep(5 * time.Minute)
		c.wantTriggers(execution.Startup) // its NodeCronJob had runOnStartup when it began
		silent.kill()
		next := startReplica(t, c, store, testConfig(withPool(8)))
		time.Sleep(5 * time.Minute)
		c.wantTriggers(execution.Startup, execution.Startup) // and now it had not
		if got := c.records()[1].Plan.Settings.PodPoolSize; got != 8 {
			t.Errorf("podPoolSize: got %d, want that of the ConfigMap", got)
		}
		next.kill()
	})
}

// The replica that creates the NodeCronJob dies before anything else happens.
func TestTheNextLeaderRunsWhatTheFirstOneHasOnlyMirrored(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		first := newReplica(t, c.client, store, testConfig(func(c *config.Config) { c.CronExpression = "*/10 * * * *" }))
		synctest.Wait() // nothing uses the client now
		c.client.Resources.PrependReactor("create", "executions", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("no response")
		})
		first.run()
		time.Sleep(10 * time.Second)
		created := c.defined(testName).UID
		first.kill()
		synctest.Wait()
		c.client.Resources.ReactionChain = c.client.Resources.ReactionChain[1:]
		next := startReplica(t, c, store, testConfig(func(c *config.Config) { c.CronExpression = "*/10 * * * *" }))
		defer next.kill()
		sleepUntil(11 * time.Minute)
		c.wantTriggers(execution.Startup, execution.Cron)
		if got := c.defined(testName).UID; got != created {
			t.Errorf("the NodeCronJob was created again: %s, then %s", created, got)
		}
	})
}

func TestAReloadReachesTheNodeCronJob(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := followingReplica(t, c, &judge{t: t})
		defer r.kill()
		c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend, n.Spec.Priority = true, 3 })
		c.configure("pool=5 every=10 startup")
		time.Sleep(2 * time.Second)
		n := c.defined(testName)
		if s := n.Spec; s.PodPoolSize != 5 || s.CronExpression != "*/10 * * * *" || !s.Suspend || s.Priority != 3 {
			t.Errorf("got %+v, want the ConfigMap's, but for what a person has set", s)
		}
		if want := jobspec.SourceConfigMap + testConfigMap; n.Annotations[jobspec.SourceAnnotation] != want {
			t.Errorf("annotations: got %v", n.Annotations)
		}
		sleepUntil(15 * time.Minute)
		c.wantTriggers() // it is suspended
		c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = false })
		sleepUntil(25 * time.Minute)
		c.wantTriggers(execution.Cron)
		if p := c.records()[0].Plan; p.Settings.PodPoolSize != 5 || p.ConfigHash != r.Config().Hash {
			t.Errorf("got pool %d and hash %s", p.Settings.PodPoolSize, p.ConfigHash)
		}
	})
}

func TestTheDefinitionLeavesTheConfigMap(t *testing.T) {
	tests := map[string]struct {
		at       time.Duration
		wantThen bool // the NodeCronJob stays for a while
	}{
		"nothing is open":      {5 * time.Minute, false},
		"an execution is open": {12 * time.Minute, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.collectGarbage()
				c.behave("a", behaviour{runFor: 5 * time.Minute})
				r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes))
				defer r.kill()
				sleepUntil(tt.at)
				r.Reconfigure(without())
				time.Sleep(time.Second)
				if got := c.isDefined(); got != tt.wantThen || (got && !c.defined(testName).Spec.Suspend) {
					t.Errorf("there is a NodeCronJob: %t, want %t, and that it is suspended", got, tt.wantThen)
				}
				c.ask("mine") // it is never opened
				sleepUntil(25 * time.Minute)
				if c.isDefined() {
					t.Error("the NodeCronJob is still there")
				}
				if closed := len(c.eventsOf(kube.EventExecutionClosed)); tt.wantThen && closed != 1 {
					t.Errorf("%d executions have closed, want that which was open", closed)
				}
				r.Reconfigure(testConfig(everyTenMinutes))
				sleepUntil(36 * time.Minute)
				c.wantTriggers(execution.Cron)
			})
		})
	}
}

// What came due while no replica led runs by the ConfigMap of now, also on a replica that knew
// the one of before.
func TestALateTickGoesByTheConfigMapOfNow(t *testing.T) {
	for name, isStandby := range map[string]bool{"a new process": false, "a standby": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				store := newMemoryStore()
				first := startReplica(t, c, store, testConfig(everyTenMinutes, startWithin(5*time.Minute), withPool(3)))
				next := newReplica(t, c.client, store, testConfig(everyTenMinutes, startWithin(5*time.Minute), withPool(map[bool]int{true: 3, false: 4}[isStandby])))
				if isStandby {
					next.watch()
				}
				sleepUntil(9 * time.Minute)
				first.kill()
				if isStandby {
					next.Reconfigure(testConfig(everyTenMinutes, startWithin(5*time.Minute), withPool(4)))
				}
				sleepUntil(12 * time.Minute)
				if !isStandby {
					next.watch()
				}
				next.lead()
				defer next.kill()
				sleepUntil(19 * time.Minute)
				c.wantEnds(map[string]string{"00:10": "Closed"})
				if p := c.records()[0].Plan; p.Settings.PodPoolSize != 4 || p.ConfigHash != "pool 4" {
					t.Errorf("got pool %d and hash %s, want what the ConfigMap has", p.Settings.PodPoolSize, p.ConfigHash)
				}
			})
		})
	}
}

// The API server refuses the NodeCronJob: what is open goes on, and what was in effect before
// the change stays so.
func TestTheMirrorIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(everyTenMinutes, withPool(3)))
		time.Sleep(time.Minute)
		forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "nodecronjobs"}, testName, errors.New("not allowed"))
		synctest.Wait() // nothing uses the client now
		c.client.Resources.PrependReactor("update", "nodecronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
			return action.GetSubresource() == "", nil, forbidden
		})
		r.Reconfigure(testConfig(everyTenMinutes, withPool(4)))
		sleepUntil(11 * time.Minute)
		c.wantEnds(map[string]string{"00:10": "Closed"})
		if got := c.records()[0].Plan.ConfigHash; got != "pool 3" {
			t.Errorf("the hash of the execution is %s", got)
		}
		if got := c.eventsOf(kube.EventMirrorRefused); len(got) == 0 || r.metric("batch_job_controller_config_last_reload_successful") != 0 {
			t.Errorf("events: got %v", got)
		}
		r.kill()
		r = startReplica(t, c, store, testConfig(everyTenMinutes, withPool(4)))
		defer func() { r.kill() }()
		sleepUntil(21 * time.Minute)
		c.wantEnds(map[string]string{"00:10": "Closed"}) // a process does not begin with what its ConfigMap does not have
	})
}

func TestAnOldLeaderDoesNotMirror(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := newReplica(t, c.client, newMemoryStore(), testConfig(withoutStartup, withPool(3)))
		r.watch()
		var lost atomic.Bool
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			must(t, r.Run(r.life, func(ctx context.Context) (context.Context, context.CancelFunc, error) {
				if lost.Load() {
					return nil, nil, errors.New("the Lease is lost")
				}
				return unfenced(ctx)
			}))
		}()
		time.Sleep(time.Minute)
		lost.Store(true)
		r.Reconfigure(testConfig(withoutStartup, withPool(4)))
		time.Sleep(time.Minute)
		if got := c.defined(testName).Spec.PodPoolSize; got != 3 {
			t.Errorf("got a pool of %d, want that of before", got)
		}
		r.stop()
		<-ended
		synctest.Wait()
	})
}

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

func TestWhatBecomesOfAChangedConfigMap(t *testing.T) {
	tests := map[string]struct {
		change           func(*cluster)
		wantPool         int
		wantSuccessful   float64
		wantNeedsRestart float64
		wantEvents       []string
	}{
		"nothing changes": {
			change: func(c *cluster) { c.configure("") }, wantPool: 2, wantSuccessful: 1,
		},
		"it is taken": {
			change: func(c *cluster) { c.configure("pool=5 every=10") }, wantPool: 5, wantSuccessful: 1,
			wantEvents: []string{"Normal ConfigReloaded 1: cronExpression at once; podPoolSize from the next execution on"},
		},
		"only its text is another": {
			change: func(c *cluster) { c.configure("comment") }, wantPool: 2, wantSuccessful: 1,
		},
		"it is invalid": {
			change: func(c *cluster) { c.configure("pool=many every=10") }, wantPool: 2, wantSuccessful: 0,
			wantEvents: []string{`Warning ConfigInvalid 1: refused, the configuration of before stays: podPoolSize: Invalid value: "many": must be a whole number from 1 to 1000; name: Required value: must be set`},
		},
		"a part of it needs a restart": {
			change: func(c *cluster) { c.configure("pool=5 directory=/data") }, wantPool: 5, wantSuccessful: 1, wantNeedsRestart: 1,
			wantEvents: []string{
				"Normal ConfigReloaded 1: podPoolSize from the next execution on",
				`Warning ConfigNeedsRestart 1: reportDirectory: stays "" until a restart makes it "/data"`,
			},
		},
		"it is deleted": {
			change: (*cluster).unconfigure, wantPool: 2, wantSuccessful: 0,
			wantEvents: []string{"Warning ConfigInvalid 1: refused, the configuration of before stays: the ConfigMap does not exist: create it again, or the controller will not start again"},
		},
		"it is replaced by a deletion and a creation": {
			change: func(c *cluster) { c.unconfigure(); c.configure("pool=5") }, wantPool: 5, wantSuccessful: 1,
			wantEvents: []string{"Normal ConfigReloaded 1: podPoolSize from the next execution on"},
		},
		"a burst of changes counts as its last": {
			change: func(c *cluster) {
				for i := range 20 {
					c.configure(fmt.Sprintf("pool=%d", 10+i))
					time.Sleep(20 * time.Millisecond)
				}
				c.configure("pool=5")
			}, wantPool: 5, wantSuccessful: 1,
			wantEvents: []string{"Normal ConfigReloaded 1: podPoolSize from the next execution on"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				r := followingReplica(t, c, &judge{t: t})
				defer r.kill()
				r.Metrics.ConfigTaken(time.Now(), false) // as at the start
				tt.change(c)
				time.Sleep(5 * time.Second)
				if got := r.Config().PodPoolSize; got != tt.wantPool {
					t.Errorf("podPoolSize: got %d, want %d", got, tt.wantPool)
				}
				if got := r.Config().ReportDirectory; got != "" {
					t.Errorf("reportDirectory: got %s, want it as it was", got)
				}
				r.wantReload(tt.wantSuccessful, tt.wantNeedsRestart)
				c.wantConfigEvents(tt.wantEvents...)
			})
		})
	}
}

func TestTimeOfTheLastReloadIsThatOfTheLastGoodOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := followingReplica(t, c, &judge{t: t})
		defer r.kill()
		at := func() float64 { return r.metric("batch_job_controller_config_last_reload_success_timestamp_seconds") }
		c.configure("pool=5")
		time.Sleep(5 * time.Second)
		first := at()
		if since := time.Since(time.UnixMilli(int64(first * 1000))); since < 0 || since > 5*time.Second {
			t.Errorf("the last reload was %s ago, want less than 5 s", since)
		}
		c.configure("pool=bad")
		time.Sleep(5 * time.Second)
		if got := at(); got != first {
			t.Errorf("after a bad one: got %v, want %v", got, first)
		}
		c.configure("pool=5") // the text is again that which runs
		time.Sleep(5 * time.Second)
		if got := at(); got <= first {
			t.Errorf("after it was mended: got %v, want more than %v", got, first)
		}
		r.wantReload(1, 0)
		c.wantConfigEvents(
			"Normal ConfigReloaded 1: podPoolSize from the next execution on",
			"Normal ConfigReloaded 1: valid again, and as it runs",
			`Warning ConfigInvalid 1: refused, the configuration of before stays: podPoolSize: Invalid value: "bad": must be a whole number from 1 to 1000; name: Required value: must be set`,
		)
	})
}

// Changes of other ConfigMaps, which every execution makes, and of this one's metadata cause
// no validation.
func TestOnlyTheTextOfTheConfigMapCounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		j := &judge{t: t}
		r := followingReplica(t, c, j)
		defer r.kill()
		client := c.client.CoreV1().ConfigMaps(testNamespace)
		there, err := client.Get(c.ctx, testConfigMap, metav1.GetOptions{})
		must(t, err)
		there.Labels = map[string]string{"a": "b"}
		_, err = client.Update(c.ctx, there, metav1.UpdateOptions{})
		must(t, err)
		time.Sleep(time.Hour)
		if got := j.asked.Load(); got != 0 {
			t.Errorf("judged %d times, want never", got)
		}
	})
}

func TestChangeDuringAReloadIsNotLost(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		j := &judge{t: t}
		r := followingReplica(t, c, j)
		defer r.kill()
		j.during = func() {
			j.during = nil
			c.configure("pool=7")
		}
		c.configure("pool=5")
		time.Sleep(5 * time.Second)
		if got := r.Config().PodPoolSize; got != 7 {
			t.Errorf("podPoolSize: got %d, want the 7 of the change that came while the 5 was judged", got)
		}
	})
}

func TestConfigurationThatCannotBeJudgedIsJudgedLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		j := &judge{t: t}
		r := followingReplica(t, c, j)
		defer r.kill()
		j.away.Store(true)
		c.configure("pool=5")
		time.Sleep(10 * time.Minute)
		if got := j.asked.Load(); got < 10 || got > 50 {
			t.Errorf("asked %d times in ten minutes, want about 42", got)
		}
		if events := c.configEvents(); events != nil {
			t.Errorf("events: got %s, want none: nothing is known of it", events)
		}
		j.away.Store(false)
		time.Sleep(15*time.Second + time.Second)
		if got := r.Config().PodPoolSize; got != 5 {
			t.Errorf("podPoolSize: got %d, want 5", got)
		}
	})
}

// The fault of an invalid configuration may be corrected elsewhere, without an event.
func TestRefusedConfigurationIsJudgedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		j := &judge{t: t}
		r := followingReplica(t, c, j)
		defer r.kill()
		c.configure("pool=bad")
		time.Sleep(time.Hour)
		if got := j.asked.Load(); got < 10 || got > 20 {
			t.Errorf("judged %d times in an hour, want every four or five minutes", got)
		}
		if events := c.configEvents(); len(events) != 1 || !strings.Contains(events[0], "ConfigInvalid 1:") {
			t.Errorf("events: got %s, want one that was written once", events)
		}
	})
}

// Every replica applies a change, and only the leader announces it. The next leader announces
// warnings again.
func TestStandbyReloadsQuietly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.configure("")
		standby := newReplica(t, c.client, newMemoryStore(), testConfig(), following(&judge{t: t}))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		standby.Watch(ctx)
		synctest.Wait()
		c.configure("pool=5 directory=/data")
		time.Sleep(5 * time.Second)
		if got := standby.Config().PodPoolSize; got != 5 {
			t.Errorf("podPoolSize: got %d, want 5", got)
		}
		c.wantConfigEvents()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := standby.Run(ctx, unfenced); err != nil {
				t.Errorf("Run: %v", err)
			}
		}()
		time.Sleep(5 * time.Second)
		c.wantConfigEvents(
			`Warning ConfigNeedsRestart 1: reportDirectory: stays "" until a restart makes it "/data"`,
		)
		stop()
		<-done
	})
}

func TestOpenExecutionKeepsWhatItBeganWith(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 2 * time.Minute})
		}
		store := newMemoryStore()
		c.configure("every=10 custom=old")
		j := judge{t: t}
		follow := func(o *Options) {
			following(&j)(o)
			o.Extensions = func(cfg config.Config) []jobspec.EnvExtension {
				return []jobspec.EnvExtension{func(execution.Key, corev1.Container) []corev1.EnvVar {
					return []corev1.EnvVar{{Name: "CUSTOM", Value: fmt.Sprint(cfg.Custom["word"])}}
				}}
			}
		}
		r := startReplicaWith(t, c.client, store, testConfig(), follow)
		time.Sleep(11 * time.Minute)
		first := c.records()[0].Plan
		c.configure("every=10 custom=new pool=4 gauge=other")
		time.Sleep(time.Second)
		accepted := func(key execution.Key, gauge string) bool {
			return r.Result(t.Context(), key, fmt.Appendf(nil, `{"%s":[{"value":1}]}`, gauge)) == nil
		}
		time.Sleep(time.Minute + 30*time.Second) // c and d are running
		old := execution.Key{Execution: first.ID, Node: "c"}
		if !accepted(old, "test") || accepted(old, "other") {
			t.Error("the open execution does not have the gauges that it began with")
		}
		r.kill()
		r = startReplicaWith(t, c.client, store, testConfig(), follow) // another leader, with the new configuration
		time.Sleep(10 * time.Second)
		if !accepted(old, "test") || accepted(old, "other") {
			t.Error("with another leader the execution does not have the gauges that it began with")
		}
		time.Sleep(8 * time.Minute)
		defer r.kill()
		second := c.records()[1].Plan
		next := execution.Key{Execution: second.ID, Node: "c"}
		if accepted(next, "test") || !accepted(next, "other") {
			t.Error("the next execution does not have the new gauges")
		}
		for id, want := range map[execution.ID]string{first.ID: "old", second.ID: "new"} {
			for _, node := range nodes {
				for _, job := range c.jobsOfNode(node) {
					has := slices.ContainsFunc(job.Spec.Template.Spec.Containers[0].Env, func(e corev1.EnvVar) bool { return e.Name == "CUSTOM" && e.Value == want })
					if job.Labels[jobspec.ExecutionLabel] == string(id) && !has {
						t.Errorf("execution %s, node %s: does not have the custom property %q", id, node, want)
					}
				}
			}
		}
		if first.Settings.PodPoolSize != 2 || second.Settings.PodPoolSize != 4 {
			t.Errorf("podPoolSize: got %d and %d, want 2 and then 4", first.Settings.PodPoolSize, second.Settings.PodPoolSize)
		}
	})
}

// A replica that was started without runOnStartup does not run for it later.
func TestRunOnStartupIsForTheNextStart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := followingReplica(t, c, &judge{t: t})
		defer r.kill()
		c.configure("startup")
		time.Sleep(time.Hour)
		if n := len(c.records()); n != 0 {
			t.Errorf("executions: got %d, want none", n)
		}
	})
}

// Two controllers have one name. Different contents of one ConfigMap are no sign of that:
// replicas may see them for a while.
func TestAStandbyOfAnotherConfigMapSaysSo(t *testing.T) {
	tests := map[string]struct {
		leader string // its ConfigMap
		want   int
	}{
		"the same ConfigMap":              {leader: testConfigMap},
		"another ConfigMap":               {leader: "settings-of-another", want: 1},
		"an earlier version does not say": {leader: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.configure("")
				r := newReplica(t, c.client, newMemoryStore(), testConfig(), following(&judge{t: t}))
				ctx, stop := context.WithCancel(t.Context())
				r.Watch(ctx)
				time.Sleep(5 * time.Second)
				for range 3 { // leaders come and go
					r.ObserveHolder(lease.NewIdentity("other", tt.leader, "10.0.0.2"))
					time.Sleep(time.Minute)
				}
				stop()
				synctest.Wait()
				events := c.eventsOf(kube.EventNameShared)
				if len(events) != tt.want {
					t.Fatalf("events: got %v, want %d", events, tt.want)
				}
				if tt.want > 0 && (events[0].Count != 1 || !strings.Contains(events[0].Message, tt.leader) || events[0].InvolvedObject.Name != testConfigMap) {
					t.Errorf("event: %+v", events[0])
				}
			})
		})
	}
}

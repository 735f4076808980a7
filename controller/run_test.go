package controller

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestExecutionEndsWhateverItsPodsDo(t *testing.T) {
	tests := map[string]struct {
		// environment
		behaviours map[string]behaviour
		config     func(*config.Config)
		// expectations
		wantWithin time.Duration
		want       map[string]execution.Outcome
	}{
		"all succeed, two at a time": {
			behaviours: map[string]behaviour{"a": {runFor: 10 * time.Second}, "b": {runFor: 10 * time.Second}, "c": {runFor: 10 * time.Second}},
			wantWithin: 25 * time.Second,
			want:       map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded},
		},
		"one fails, the others go on": {
			behaviours: map[string]behaviour{"a": {exitCode: 3}},
			wantWithin: 10 * time.Second,
			want:       map[string]execution.Outcome{"a": failedWith(execution.ContainerFailed), "b": succeeded, "c": succeeded},
		},
		"an image that cannot be pulled ends at startDeadline with the pod's reason": {
			behaviours: map[string]behaviour{"a": {never: "ImagePullBackOff"}},
			wantWithin: 11 * time.Minute,
			want:       map[string]execution.Outcome{"a": failedWith("ImagePullBackOff"), "b": succeeded, "c": succeeded},
		},
		"a pod that never stops ends at jobTimeout": {
			behaviours: map[string]behaviour{"a": {hangs: true}, "b": {hangs: true}},
			config:     func(c *config.Config) { c.JobTimeout = 5 * time.Minute },
			wantWithin: 8 * time.Minute,
			want:       map[string]execution.Outcome{"a": failedWith(execution.JobTimeout), "b": failedWith(execution.JobTimeout), "c": succeeded},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for node, b := range tt.behaviours {
					c.behave(node, b)
				}
				cfg := testConfig()
				if tt.config != nil {
					tt.config(&cfg)
				}
				store := newMemoryStore()
				r := startReplica(t, c, store, cfg)
				defer r.kill()

				time.Sleep(tt.wantWithin)
				synctest.Wait()
				all := c.records()
				if len(all) != 1 || all[0].Account.Phase != execution.Closed {
					t.Fatalf("records: got %d, want one that is closed", len(all))
				}
				if diff := cmp.Diff(tt.want, outcomes(all[0])); diff != "" {
					t.Errorf("outcomes (-want +got):\n%s", diff)
				}
				if c.podsAtOnce() > cfg.PodPoolSize {
					t.Errorf("pods at once: got %d, want at most %d", c.podsAtOnce(), cfg.PodPoolSize)
				}
				for node, n := range c.created() {
					if n != 1 {
						t.Errorf("Jobs of node %s: got %d, want 1", node, n)
					}
				}
				if report, err := store.Report(all[0].Plan.ID); err != nil || len(report.Tasks) != 3 {
					t.Errorf("report: got %v, %v", report, err)
				}
			})
		})
	}
}

func TestNodesLeftOutAreRecordedWithTheirReason(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.addNode("b", cordoned)
		c.addNode("c", func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionUnknown })
		c.addNode("d", func(n *corev1.Node) { n.Labels["pool"] = "other" })
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.JobNodeSelector = map[string]string{"pool": "a"} }))
		defer r.kill()
		time.Sleep(10 * time.Second)
		got := c.records()[0].Plan.Skipped
		want := []execution.Skip{{Node: "b", Reason: execution.NodeUnschedulable}, {Node: "c", Reason: execution.NodeNotReady}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("skipped (-want +got):\n%s", diff)
		}
	})
}

func TestExecutionWithoutNodesClosesAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t)
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		if all := c.records(); len(all) != 1 || all[0].Account.Phase != execution.Closed {
			t.Errorf("records: got %v, want one that is closed", all)
		}
		if got, want := c.eventReasons(), "Warning/NoNodes"; !contains(got, want) {
			t.Errorf("events: got %s, want %s", got, want)
		}
	})
}

func TestTickThatFallsIntoAnOpenExecutionIsSkipped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 150 * time.Second})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) {
			c.RunOnStartup = false
			c.CronExpression = "* * * * *"
		}))
		defer r.kill()
		time.Sleep(3*time.Minute + 30*time.Second) // ticks at 1, 2 and 3 minutes
		if got := len(c.records()); got != 1 {
			t.Errorf("executions: got %d, want 1", got)
		}
		if got := r.metric("batch_job_controller_ticks_skipped_total"); got != 2 {
			t.Errorf("ticks skipped: got %v, want 2", got)
		}
		if got, want := c.eventReasons(), "Warning/TickSkipped"; !contains(got, want) {
			t.Errorf("events: got %s, want %s", got, want)
		}
		time.Sleep(time.Minute)
		if got := len(c.records()); got != 2 {
			t.Errorf("executions after the first closed: got %d, want 2", got)
		}
	})
}

// After a replica has died at any moment, another one continues: no node runs twice or not at
// all, and the pool size holds.
func TestNextLeaderGoesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d", "e", "f", "g"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 7 * time.Second})
		}
		store := newMemoryStore()
		cfg := testConfig()
		r := startReplica(t, c, store, cfg)
		time.Sleep(1050 * time.Millisecond)
		for range 20 {
			r.kill()
			r = startReplica(t, c, store, cfg)
			time.Sleep(1300 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		r.kill()
		if got := len(c.records()); got != 1 {
			t.Fatalf("executions: got %d, want 1", got)
		}
		for _, node := range nodes {
			if got := outcomes(c.records()[0])[node]; got != succeeded {
				t.Errorf("node %s: got %v, want succeeded", node, got)
			}
			if got := c.created()[node]; got != 1 {
				t.Errorf("Jobs of node %s: got %d, want 1", node, got)
			}
		}
		if c.podsAtOnce() > cfg.PodPoolSize {
			t.Errorf("pods at once: got %d, want at most %d", c.podsAtOnce(), cfg.PodPoolSize)
		}
	})
}

func TestJobThatSomebodyDeletesIsNotCreatedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("a", behaviour{runFor: time.Hour})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		c.deleteJob("a")
		time.Sleep(time.Minute)
		if got, want := outcomes(c.records()[0])["a"], lostBy(execution.JobDeleted); got != want {
			t.Errorf("outcome: got %v, want %v", got, want)
		}
		if got := c.created()["a"]; got != 1 {
			t.Errorf("Jobs of node a: got %d, want 1", got)
		}
	})
}

func TestForeignJobIsNeitherAdoptedNorDeleted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		start := time.Now().Add(time.Second)
		foreign := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
			Namespace: testNamespace,
			Name:      jobName(start, "a"),
			UID:       "somebody-elses",
		}}
		must(t, c.client.Tracker().Add(foreign))
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(time.Minute)
		want := map[string]execution.Outcome{"a": failedWith(execution.ForeignJob), "b": succeeded}
		if diff := cmp.Diff(want, outcomes(c.records()[0])); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if _, err := c.client.BatchV1().Jobs(testNamespace).Get(t.Context(), foreign.Name, metav1.GetOptions{}); err != nil {
			t.Errorf("the foreign Job: %v", err)
		}
	})
}

func TestCreateThatFailsHoldsUpNoOtherNode(t *testing.T) {
	forbidden := apierrors.NewForbidden(batchv1.Resource("jobs"), "x", nil)
	tests := map[string]struct {
		err  error
		want execution.Outcome
	}{
		"refused until startDeadline": {forbidden, failedWith(execution.JobRefused)},
		"invalid":                     {invalidJob(), failedWith(execution.JobInvalid)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d")
				c.react("create", "jobs", c.failingFor("a", tt.err))
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(20 * time.Second)
				if got := len(c.created()); got != 3 {
					t.Errorf("nodes with a Job: got %d, want the other 3", got)
				}
				time.Sleep(11 * time.Minute)
				if got := outcomes(c.records()[0])["a"]; got != tt.want {
					t.Errorf("outcome: got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestNodeThatGoesAwayFreesItsSlot(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		c.behave("a", behaviour{hangs: true})
		c.behave("b", behaviour{runFor: 30 * time.Second})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		for _, node := range []string{"a", "d"} { // a runs, d waits
			must(t, c.client.CoreV1().Nodes().Delete(t.Context(), node, metav1.DeleteOptions{}))
		}
		time.Sleep(2 * time.Minute)
		want := map[string]execution.Outcome{
			"a": lostBy(execution.NodeGone), "b": succeeded, "c": succeeded,
			"d": {State: execution.Skipped, Reason: execution.NodeGone},
		}
		if diff := cmp.Diff(want, outcomes(c.records()[0])); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	})
}

func TestRecordThatSomebodyDeletesEndsTheExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		c.behave("a", behaviour{runFor: 20 * time.Second})
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = 1 }))
		defer r.kill()
		time.Sleep(5 * time.Second)
		must(t, c.resources().Delete(t.Context(), c.records()[0].Object.Name, metav1.DeleteOptions{}))
		time.Sleep(time.Minute)
		if r.hasOpenExecution() {
			t.Error("the execution is still open")
		}
		// The garbage collector deletes what was created before it was noticed.
		if got := len(c.created()); got > 2 {
			t.Errorf("nodes with a Job: got %d, want no more than were admitted", got)
		}
	})
}

func TestExecutionsOlderThanTheHistoryAreDropped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(func(c *config.Config) {
			c.RunOnStartup = false
			c.CronExpression = "* * * * *"
			c.ReportHistory, c.JobHistory = 3, 1
		}))
		defer r.kill()
		time.Sleep(6*time.Minute + 30*time.Second)
		if got := len(c.records()); got != 3 {
			t.Errorf("records: got %d, want 3", got)
		}
		if ids, _ := store.Executions(); len(ids) != 3 {
			t.Errorf("reports: got %v, want 3", ids)
		}
		if got := len(r.jobsByExecution(c)); got > 1 {
			t.Errorf("executions with Jobs: got %d, want 1", got)
		}
	})
}

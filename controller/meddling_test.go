package controller

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// editJob changes a node's Job as kubectl edit does.
func (c *cluster) editJob(node string, change func(*batchv1.Job)) {
	c.t.Helper()
	for _, job := range c.jobsOfNode(node) {
		change(&job)
		_, err := c.client.BatchV1().Jobs(testNamespace).Update(c.ctx, &job, metav1.UpdateOptions{})
		must(c.t, err)
	}
}

// TestSomebodyMeddles has a user change what is the controller's while a runs,
// and b too. That nothing is created twice and everything ends holds for all.
func TestSomebodyMeddles(t *testing.T) {
	tests := map[string]struct {
		meddle     func(*cluster)
		wantWithin time.Duration
		want       execution.Outcome // of a
	}{
		"F-38 deletes the pod": {func(c *cluster) { c.deletePod("a") }, time.Minute, lostBy(execution.PodDeleted)},
		"F-38 deletes the Job": {func(c *cluster) { c.deleteJob("a") }, time.Minute, lostBy(execution.JobDeleted)},
		"F-38 takes the Job's owner away": {func(c *cluster) {
			c.editJob("a", func(j *batchv1.Job) { j.OwnerReferences = nil })
		}, 18 * time.Minute, failedWith(execution.ForeignJob)},
		"F-38 writes another execution on the Job": {func(c *cluster) {
			c.editJob("a", func(j *batchv1.Job) { j.Labels[jobspec.ExecutionLabel] = "20200101000000" })
		}, 22 * time.Minute, failedWith(execution.ForeignJob)},
		"F-38 writes another node on the Job": {func(c *cluster) {
			c.editJob("a", func(j *batchv1.Job) { j.Annotations[jobspec.NodeAnnotation] = "b" })
		}, 22 * time.Minute, failedWith(execution.ForeignJob)},
		"F-41 writes a reason to stop on the Job that is none": {func(c *cluster) {
			c.editJob("a", func(j *batchv1.Job) {
				j.Annotations[jobspec.StopAnnotation] = "///\x00"
				j.Annotations[jobspec.StopMessageAnnotation] = string(make([]byte, 100_000))
			})
		}, 8 * time.Minute, failedWith(execution.JobTimeout)},
		"F-41 takes all labels and annotations from the pod": {func(c *cluster) {
			for _, job := range c.jobsOfNode("a") {
				pod, err := c.client.CoreV1().Pods(testNamespace).Get(c.ctx, job.Name+"-x", metav1.GetOptions{})
				must(c.t, err)
				pod.Labels, pod.Annotations = nil, nil
				_, err = c.client.CoreV1().Pods(testNamespace).Update(c.ctx, pod, metav1.UpdateOptions{})
				must(c.t, err)
			}
		}, 30 * time.Minute, lostBy(execution.PodDeleted)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d")
				c.behave("a", behaviour{hangs: true})
				c.behave("b", behaviour{runFor: 10 * time.Second})
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.JobTimeout = 5 * time.Minute }))
				defer r.kill()
				time.Sleep(3 * time.Second)
				tt.meddle(c)
				time.Sleep(tt.wantWithin)
				if phase := c.records()[0].Account.Phase; phase != execution.Closed {
					t.Errorf("phase: got %s, want Closed", phase)
				}
				c.wantOutcomes(map[string]execution.Outcome{"a": tt.want, "b": succeeded, "c": succeeded, "d": succeeded})
				for node, n := range c.created() {
					if n != 1 {
						t.Errorf("Jobs of node %s: got %d, want 1", node, n)
					}
				}
			})
		})
	}
}

// A user changes the owner of a Job. The controller leaves that Job alone, so that its pod
// still runs and keeps the slot until it has ended. A Job that never belonged to the
// execution has no slot.
func TestAPodWhoseJobWasTakenAwayKeepsItsSlot(t *testing.T) {
	owner := func(uid types.UID) func(*batchv1.Job) {
		return func(j *batchv1.Job) { j.OwnerReferences[0].UID = uid }
	}
	tests := map[string]struct {
		edit    func(*batchv1.Job)
		retaken bool // by the next leader
		pods    lens
	}{
		"its owner is taken away":                      {edit: func(j *batchv1.Job) { j.OwnerReferences = nil }},
		"its owner is replaced":                        {edit: owner("another")},
		"another node is written on it":                {edit: func(j *batchv1.Job) { j.Annotations[jobspec.NodeAnnotation] = "x" }},
		"its labels are taken away":                    {edit: func(j *batchv1.Job) { j.Labels = nil }},
		"its owner is replaced, and another one leads": {edit: owner("another"), retaken: true},
		"its owner is replaced, and watches are late":  {edit: owner("another"), pods: lens{late: 20 * time.Second}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{runFor: 2 * time.Minute})
				}
				c.through("pods", tt.pods)
				store, cfg := newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = 1 })
				r := startReplica(t, c, store, cfg)
				time.Sleep(5 * time.Second)
				c.editJob("a", tt.edit)
				if tt.retaken {
					r.kill()
					r = startReplica(t, c, store, cfg)
				}
				defer r.kill()
				time.Sleep(time.Minute)
				if got := outcomes(c.records()[0])["a"]; got.State.Final() {
					t.Errorf("it ended while its pod ran: %v", got)
				}
				time.Sleep(15 * time.Minute)
				if phase := c.records()[0].Account.Phase; phase != execution.Closed {
					t.Errorf("phase: got %s, want Closed", phase)
				}
				c.wantOutcomes(map[string]execution.Outcome{"a": failedWith(execution.ForeignJob), "b": succeeded, "c": succeeded})
				if got := c.podsAtOnce(); got != 1 {
					t.Errorf("pods at once: got %d, want 1", got)
				}
			})
		})
	}
}

func TestExtensionThatPanicsFailsItsNodeAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c")
		r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(), func(o *Options) {
			o.Extensions = func(config.Config) []jobspec.EnvExtension {
				return []jobspec.EnvExtension{func(key execution.Key, _ corev1.Container) []corev1.EnvVar {
					if key.Node == "a" {
						panic("F-55")
					}
					return nil
				}}
			}
		})
		defer r.kill()
		time.Sleep(30 * time.Second)
		c.wantOutcomes(map[string]execution.Outcome{"a": failedWith(execution.JobInvalid), "b": succeeded, "c": succeeded})
	})
}

// A user restores the record of a closed execution as it was while the execution was open,
// and deletes the record of the open one.
func TestExecutionsThatWereLeftOpenAreGoneOnWithInTurn(t *testing.T) {
	tests := map[string]struct {
		meddle   func(*cluster)
		wantMost int // pods at once
	}{
		"F-39 the first closes": {func(*cluster) {}, 2},
		"F-39 the first is deleted": {func(c *cluster) { // the garbage collector has not been there
			must(c.t, c.resources().Delete(c.ctx, c.records()[0].Object.Name, metav1.DeleteOptions{}))
		}, 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				for _, node := range []string{"a", "b", "c"} {
					c.behave(node, behaviour{runFor: 10 * time.Second})
				}
				plan := testkit.Plan(podTemplate)
				plan.Nodes = []execution.Node{{Name: "a", UID: "uid-a"}, {Name: "b", UID: "uid-b"}, {Name: "c", UID: "uid-c"}}
				for range 2 {
					c.openRecord(plan, execution.Account{Phase: execution.Open})
					plan.ID, plan.Scheduled = plan.ID.Next(), plan.Scheduled.Add(time.Second)
				}
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.RunOnStartup = false }))
				defer r.kill()
				time.Sleep(3 * time.Second)
				tt.meddle(c)
				time.Sleep(2 * time.Minute)
				for _, rec := range c.records() {
					if rec.Account.Phase != execution.Closed || len(outcomes(rec)) != 3 {
						t.Errorf("execution %s: got %s with %d outcomes, want it closed, with 3", rec.Plan.ID, rec.Account.Phase, len(outcomes(rec)))
					}
				}
				if c.podsAtOnce() > tt.wantMost {
					t.Errorf("pods at once: got %d, want at most %d", c.podsAtOnce(), tt.wantMost)
				}
			})
		})
	}
}

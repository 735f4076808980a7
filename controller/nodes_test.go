package controller

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func (c *cluster) deleteNode(name string) {
	c.t.Helper()
	must(c.t, c.client.CoreV1().Nodes().Delete(c.ctx, name, metav1.DeleteOptions{}))
}

// changeNode changes a node as it is.
func (c *cluster) changeNode(name string, change func(*corev1.Node)) {
	c.t.Helper()
	node, err := c.client.CoreV1().Nodes().Get(c.ctx, name, metav1.GetOptions{})
	must(c.t, err)
	change(node)
	_, err = c.client.CoreV1().Nodes().Update(c.ctx, node, metav1.UpdateOptions{})
	must(c.t, err)
}

func ready(status corev1.ConditionStatus) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Status.Conditions[0].Status = status }
}

// deletePod deletes the pod of a node's Job, which then fails: it has no second
// attempt. Its container ends with it.
func (c *cluster) deletePod(node string) {
	c.t.Helper()
	for _, job := range c.jobsOfNode(node) {
		must(c.t, c.client.CoreV1().Pods(testNamespace).Delete(c.ctx, job.Name+"-x", metav1.DeleteOptions{}))
		c.conclude(job.Name, batchv1.JobFailed, batchv1.JobReasonBackoffLimitExceeded)
		c.count(-1)
	}
}

// deleteJob deletes a node's Job, and its pod as the garbage collector does.
func (c *cluster) deleteJob(node string) {
	c.t.Helper()
	for _, job := range c.jobsOfNode(node) {
		must(c.t, c.client.BatchV1().Jobs(testNamespace).Delete(c.ctx, job.Name, metav1.DeleteOptions{}))
		must(c.t, c.client.CoreV1().Pods(testNamespace).Delete(c.ctx, job.Name+"-x", metav1.DeleteOptions{}))
	}
}

func (c *cluster) wantOutcomes(want map[string]execution.Outcome) {
	c.t.Helper()
	if diff := cmp.Diff(want, outcomes(c.records()[0])); diff != "" {
		c.t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// Node d waits for a slot while a and b have one. Whatever happens to a and d,
// a slot is free within a minute.
func TestNodeThatIsDeleted(t *testing.T) {
	tests := map[string]struct {
		behaviour behaviour // of node a
		node      string
		want      execution.Outcome
	}{
		"F-30 before its turn":             {behaviour{runFor: 10 * time.Second}, "d", execution.Outcome{State: execution.Skipped, Reason: execution.NodeGone}},
		"F-30 while its pod is pending":    {behaviour{never: "ContainerCreating"}, "a", lostBy(execution.NodeGone)},
		"F-30 while its pod runs":          {behaviour{hangs: true}, "a", lostBy(execution.NodeGone)},
		"F-30 after its pod has succeeded": {behaviour{}, "a", succeeded},
		"F-30 after its pod has failed":    {behaviour{exitCode: 1}, "a", failedWith(execution.ContainerFailed)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d")
				c.behave("a", tt.behaviour)
				c.behave("b", behaviour{hangs: true})
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.JobTimeout = 10 * time.Minute }))
				defer r.kill()
				time.Sleep(3 * time.Second)
				c.deleteNode(tt.node)
				time.Sleep(65 * time.Second)
				if tt.node != "d" && len(c.jobsOfNode("c")) == 0 {
					t.Error("a minute after the node was deleted its slot is not free")
				}
				time.Sleep(15 * time.Minute)
				want := map[string]execution.Outcome{"a": succeeded, "b": failedWith(execution.JobTimeout), "c": succeeded, "d": succeeded}
				want[tt.node] = tt.want
				c.wantOutcomes(want)
			})
		})
	}
}

// A node that was deleted and created again is another node: its task has ended.
func TestNodeThatComesBackUnderItsName(t *testing.T) {
	for name, b := range map[string]behaviour{
		"F-31 while its pod ran":         {hangs: true},
		"F-31 while its pod was pending": {never: "ContainerCreating"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				c.behave("a", b)
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.CronExpression = "*/10 * * * *" }))
				defer r.kill()
				time.Sleep(3 * time.Second)
				c.deleteNode("a")
				c.behave("a", behaviour{})
				c.addNode("a", func(n *corev1.Node) { n.UID = "uid-another" })
				time.Sleep(5 * time.Minute)
				c.wantOutcomes(map[string]execution.Outcome{"a": lostBy(execution.NodeGone), "b": succeeded, "c": succeeded})
				if got := c.created()["a"]; got != 1 {
					t.Errorf("Jobs of node a: got %d, want 1", got)
				}
				time.Sleep(6 * time.Minute)
				if all := c.records(); len(all) != 2 || outcomes(all[1])["a"] != succeeded {
					t.Errorf("the next execution: got %d executions, want a second one in which a succeeds", len(all))
				}
			})
		})
	}
}

func TestNodeThatIsNotReady(t *testing.T) {
	tests := map[string]struct {
		behaviour  behaviour // of node a
		meanwhile  func(*cluster)
		wantWithin time.Duration
		want       execution.Outcome
	}{
		"F-32 for good, while its pod runs": {
			behaviour: behaviour{hangs: true}, meanwhile: func(c *cluster) { c.changeNode("a", ready(corev1.ConditionUnknown)) },
			wantWithin: 8 * time.Minute, want: failedWith(execution.JobTimeout),
		},
		"F-32 for good, before its pod starts": {
			behaviour: behaviour{never: "ContainerCreating"}, meanwhile: func(c *cluster) { c.changeNode("a", ready(corev1.ConditionUnknown)) },
			wantWithin: 13 * time.Minute, want: failedWith(execution.PodNotStarted),
		},
		"F-32 every ten seconds": {
			behaviour: behaviour{runFor: 90 * time.Second}, wantWithin: 10 * time.Second, want: succeeded,
			meanwhile: func(c *cluster) {
				for range 10 {
					c.changeNode("a", ready(corev1.ConditionFalse))
					time.Sleep(5 * time.Second)
					c.changeNode("a", ready(corev1.ConditionTrue))
					time.Sleep(5 * time.Second)
				}
			},
		},
		"F-33 but cordoned": {
			behaviour: behaviour{runFor: time.Minute}, meanwhile: func(c *cluster) { c.changeNode("a", cordoned) },
			wantWithin: 2 * time.Minute, want: succeeded,
		},
		"F-33 but tainted, and its pod is evicted": {
			behaviour: behaviour{hangs: true}, wantWithin: 2 * time.Minute, want: lostBy(execution.PodDeleted),
			meanwhile: func(c *cluster) {
				c.changeNode("a", func(n *corev1.Node) {
					n.Spec.Taints = []corev1.Taint{{Key: "broken", Effect: corev1.TaintEffectNoExecute}}
				})
				c.deletePod("a")
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d")
				c.behave("a", tt.behaviour)
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.JobTimeout = 5 * time.Minute }))
				defer r.kill()
				time.Sleep(3 * time.Second)
				tt.meanwhile(c)
				time.Sleep(30 * time.Second)
				if got := len(c.created()); got != 4 {
					t.Errorf("nodes with a Job: got %d, want that the others go on", got)
				}
				time.Sleep(tt.wantWithin)
				c.wantOutcomes(map[string]execution.Outcome{"a": tt.want, "b": succeeded, "c": succeeded, "d": succeeded})
				if c.podsAtOnce() > 2 {
					t.Errorf("pods at once: got %d, want at most 2", c.podsAtOnce())
				}
			})
		})
	}
}

// A node that is cordoned while its task waits gets its Job, because the list is frozen. The
// pod's status says that it cannot be scheduled.
func TestNodeThatIsCordonedBeforeItsTurn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b", "c", "d")
		c.behave("a", behaviour{runFor: 10 * time.Second})
		c.behave("b", behaviour{runFor: 10 * time.Second})
		c.behave("d", behaviour{never: "Unschedulable"})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(3 * time.Second)
		c.changeNode("d", cordoned)
		time.Sleep(15 * time.Minute)
		c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded, "d": failedWith("Unschedulable")})
	})
}

func TestNodesThatJoinWaitForTheNextExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 20 * time.Second})
		}
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) {
			c.CronExpression, c.PodPoolSize = "*/5 * * * *", 10
		}))
		defer r.kill()
		time.Sleep(3 * time.Second)
		for n := range 20 { // F-34, where it is 500
			c.addNode(fmt.Sprintf("new-%03d", n), func(node *corev1.Node) { node.UID = types.UID(fmt.Sprint(n)) })
			synctest.Wait() // the fake's watches hold a hundred events
		}
		time.Sleep(2 * time.Minute)
		if got := len(c.created()); got != len(nodes) {
			t.Errorf("nodes with a Job: got %d, want the %d of the frozen list", got, len(nodes))
		}
		time.Sleep(5 * time.Minute)
		all := c.records()
		if len(all) != 2 || len(outcomes(all[1])) != 23 {
			t.Errorf("the next execution: got %d executions, want a second one with 23 nodes", len(all))
		}
		for n := range 20 {
			c.deleteNode(fmt.Sprintf("new-%03d", n))
			synctest.Wait()
		}
		time.Sleep(5 * time.Minute)
		if all := c.records(); len(all) != 3 || len(outcomes(all[2])) != 3 {
			t.Errorf("the one after: got %d executions, want a third one with 3 nodes", len(all))
		}
	})
}

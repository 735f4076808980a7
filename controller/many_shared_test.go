package controller

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// A pod of one definition does not keep those of another from its node.
func TestDefinitionsShareANode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		c.define("disk")
		c.define("net", func(n *v1alpha1.NodeCronJob) {
			n.Spec.CronExpression, n.Spec.StartDeadline = "1 * * * *", v1alpha1.NewDuration(5*time.Minute)
		})
		time.Sleep(time.Hour + 30*time.Minute)
		for _, execution := range []string{"disk-20000101010000", "net-20000101010100"} {
			if e := c.asked(execution); e.Status.Counts == nil || e.Status.Counts.OK != 1 {
				t.Errorf("%s: got %+v, want one node that is OK", execution, e.Status.Counts)
			}
		}
	})
}

// Only the queue of a definition deletes the tokens of its executions, also when its
// NodeCronJob is gone.
func TestADeletedNodeCronJobLeavesNoTokens(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		var failed atomic.Bool
		c.client.PrependReactor("delete-collection", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
			return !failed.Swap(true), nil, errors.New("no answer")
		})
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		c.define("disk")
		time.Sleep(time.Hour + time.Minute)
		c.undefine("disk", metav1.DeletePropagationOrphan)
		time.Sleep(20 * time.Minute)
		if e := c.asked("disk-20000101010000"); e.Status.Phase != v1alpha1.Closed || !failed.Load() {
			t.Fatalf("the execution is %s, and its tokens were to be deleted: %t", e.Status.Phase, failed.Load())
		}
		if left := c.tokenSecrets(); len(left) > 0 {
			t.Errorf("tokens are left: %v", left)
		}
		if r.queues.named("disk") != nil {
			t.Error("there is still a queue")
		}
	})
}

// What is left of a NodeCronJob says nothing about the ticks of the next one of its name.
func TestATickFromBeforeTheNodeCronJobIsNotDue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		c.define("disk")
		time.Sleep(time.Hour + 5*time.Minute)
		c.undefine("disk", metav1.DeletePropagationOrphan)
		time.Sleep(30 * time.Minute)
		c.define("disk", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "30 * * * *" })
		time.Sleep(5 * time.Minute)
		if got := c.executionsOf("disk"); len(got) != 1 {
			t.Errorf("got %v, want only the execution of the first one", got)
		}
	})
}

package controller

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Names that only Executions have must not take memory for ever.
func TestQueuesOfNamesThatNoNodeCronJobHas(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		time.Sleep(time.Second)
		for i := range 3 * mostStrays {
			c.ask("by-hand", func(e *v1alpha1.Execution) {
				e.Name += string(rune('a'+i/26)) + string(rune('a'+i%26))
				e.Spec.NodeCronJobName = e.Name
			})
		}
		time.Sleep(5 * time.Second)
		if got := len(r.queues.all()); got > mostStrays+1 {
			t.Errorf("got %d queues, want at most %d", got, mostStrays+1)
		}
		if got := r.metric("batch_job_controller_unknown_definitions_full_total"); got != 1 {
			t.Errorf("the limit was counted %v times, want once", got)
		}
		time.Sleep(3 * time.Minute)
		if got := r.metric("batch_job_controller_executions_rejected_total"); got > 0 {
			t.Errorf("series of %v rejected executions are left", got)
		}
		list, err := c.resources().List(c.ctx, metav1.ListOptions{})
		must(t, err)
		if slices.ContainsFunc(list.Items, func(e v1alpha1.Execution) bool { return e.Status.Phase != v1alpha1.Rejected }) {
			t.Error("not all of them were rejected")
		}
		var names []string
		for _, e := range list.Items {
			names = append(names, e.Name)
		}
		if slices.Sort(names); len(names) != 10 || names[0] != "by-handby" {
			t.Errorf("kept: %q, want the newest ten", names)
		}
		if all := r.queues.all(); len(all) != 1 || all[0].Name != testName {
			t.Errorf("got %d queues, want that of the ConfigMap's definition", len(all))
		}
	})
}

func TestADeletedNodeCronJob(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(withoutStartup))
		c.define("disk")
		time.Sleep(time.Hour + time.Minute)
		const open = "disk-20000101010000"
		if got := c.executionsOf("disk"); got[open] != v1alpha1.Open {
			t.Fatalf("executions: got %v", got)
		}
		c.undefine("disk", metav1.DeletePropagationBackground)
		time.Sleep(2 * time.Hour)
		if got := c.executionsOf("disk"); len(got) != 0 {
			t.Errorf("executions after the delete: got %v, want none", got)
		}
		if s := c.state(); len(s.Entries) != 0 || !s.Ticks["disk"].Last.IsZero() {
			t.Errorf("the state: got %+v", s.State)
		}
		if r.queues.named("disk") != nil {
			t.Error("there is still a queue")
		}
		if n := len(reportsOf(t, store)); n != 1 {
			t.Errorf("there are %d reports, want the one of before", n)
		}
		c.behave("a", behaviour{})
		c.define("disk", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "30 * * * *" })
		time.Sleep(time.Until(start().Add(3*time.Hour + 31*time.Minute)))
		if got := c.executionsOf("disk"); len(got) != 1 || got["disk-20000101033000"] != v1alpha1.Closed {
			t.Errorf("executions of the new one: got %v", got)
		}
		r.kill()
	})
}

// With orphaned dependents, an open execution goes on to its end.
func TestANodeCronJobThatIsDeletedWithoutItsExecutions(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		c.define("disk")
		time.Sleep(time.Hour + time.Minute)
		const open = "disk-20000101010000"
		c.undefine("disk", metav1.DeletePropagationOrphan)
		time.Sleep(time.Minute)
		r.kill() // the next leader finds the execution without its NodeCronJob
		next := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer next.kill()
		time.Sleep(20 * time.Minute)
		e := c.asked(open)
		if e.Status.Phase != v1alpha1.Closed || e.Status.Counts == nil || e.Status.Counts.Nodes != 1 || e.Status.Counts.Lost != 0 {
			t.Errorf("got %+v", e.Status)
		}
		time.Sleep(time.Hour)
		if got := c.executionsOf("disk"); len(got) != 1 {
			t.Errorf("executions: got %v, want no other", got)
		}
		if next.queues.named("disk") != nil {
			t.Error("there is still a queue")
		}
	})
}

// Its report, its Execution and its Jobs take the place of older ones, as if the NodeCronJob
// were there.
func TestTheHistoryOfANodeCronJobThatIsGoneIsPruned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.collectGarbage()
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(withoutStartup))
		c.define("disk", func(n *v1alpha1.NodeCronJob) { n.Spec.ReportHistory, n.Spec.JobHistory = 2, 1 })
		time.Sleep(3*time.Hour + time.Minute)
		if n := len(reportsOf(t, store)); n != 3 {
			t.Fatalf("there are %d reports, want those of two closed executions and of the open one", n)
		}
		c.undefine("disk", metav1.DeletePropagationOrphan)
		r.kill() // the next leader has never known the spec
		next := startReplica(t, c, store, testConfig(withoutStartup))
		defer next.kill()
		time.Sleep(20 * time.Minute)
		if got := reportsOf(t, store); len(got) != 2 || got[1] != "20000101030000" {
			t.Errorf("reports: got %v, want the newest two", got)
		}
		if got := c.executionsOf("disk"); len(got) != 2 || got["disk-20000101030000"] != v1alpha1.Closed {
			t.Errorf("executions: got %v, want the newest two", got)
		}
		if jobs := c.jobsOfNode("a"); len(jobs) != 1 {
			t.Errorf("there are %d Jobs, want that of the newest execution", len(jobs))
		}
		if next.queues.named("disk") != nil {
			t.Error("there is still a queue")
		}
	})
}

// Those that have a NodeCronJob by now, and those that were rejected as its own, are kept apart
// from those that have none.
func TestWhichRejectedExecutionsArePruned(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		time.Sleep(time.Second)
		ask := func(prefix, of string, labels map[string]string) {
			for i := range 11 {
				c.ask("by-hand", func(e *v1alpha1.Execution) {
					e.Name, e.Labels = fmt.Sprintf("%s-%02d", prefix, i), labels
					e.Spec.NodeCronJobName = of
				})
				time.Sleep(time.Second)
			}
			time.Sleep(2 * time.Minute)
		}
		ask("early", "disk", nil)
		ask("other", "net", map[string]string{jobspec.OwnerLabel: "other"})
		c.define("disk")
		ask("late", "disks", nil)
		left := map[string]int{}
		list, err := c.resources().List(c.ctx, metav1.ListOptions{})
		must(t, err)
		for _, e := range list.Items {
			prefix, _, _ := strings.Cut(e.Name, "-")
			left[prefix]++
		}
		if want := map[string]int{"late": 10, "other": 11}; !maps.Equal(left, want) {
			t.Errorf("left: got %v, want %v", left, want)
		}
	})
}

package controller

import (
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// define creates a NodeCronJob of the controller. Its ticks are at every full hour.
func (c *cluster) define(name string, mutate ...func(*v1alpha1.NodeCronJob)) *v1alpha1.NodeCronJob {
	c.t.Helper()
	n := &v1alpha1.NodeCronJob{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{jobspec.OwnerLabel: testName}},
		Spec: v1alpha1.NodeCronJobSpec{
			CronExpression: "0 * * * *", PodPoolSize: 2, PodTemplate: podTemplate,
			Metrics: v1alpha1.Metrics{Prefix: name},
		},
	}
	for _, f := range mutate {
		f(n)
	}
	created, err := c.client.V1alpha1().NodeCronJobs(testNamespace).Create(c.ctx, n, metav1.CreateOptions{})
	must(c.t, err)
	synctest.Wait()
	return created
}

func (c *cluster) defined(name string) *v1alpha1.NodeCronJob {
	c.t.Helper()
	n, err := c.client.V1alpha1().NodeCronJobs(testNamespace).Get(c.ctx, name, metav1.GetOptions{})
	must(c.t, err)
	return n
}

// accepted returns what a NodeCronJob says about whether it is accepted; nothing, if it does
// not say.
func (c *cluster) accepted(name string) metav1.Condition {
	c.t.Helper()
	if accepted := meta.FindStatusCondition(c.defined(name).Status.Conditions, v1alpha1.ConditionAccepted); accepted != nil {
		return *accepted
	}
	return metav1.Condition{}
}

// redefine changes a NodeCronJob as a person does.
func (c *cluster) redefine(name string, change func(*v1alpha1.NodeCronJob)) {
	c.t.Helper()
	n := c.defined(name)
	change(n)
	_, err := c.client.V1alpha1().NodeCronJobs(testNamespace).Update(c.ctx, n, metav1.UpdateOptions{})
	must(c.t, err)
	synctest.Wait()
}

// undefine deletes a NodeCronJob, with a policy for what it owns.
func (c *cluster) undefine(name string, policy metav1.DeletionPropagation) {
	c.t.Helper()
	must(c.t, c.client.V1alpha1().NodeCronJobs(testNamespace).Delete(c.ctx, name, metav1.DeleteOptions{PropagationPolicy: &policy}))
	synctest.Wait()
}

// executionsOf returns the phases of the executions of a definition, by their scheduled time.
func (c *cluster) executionsOf(name string) map[string]v1alpha1.ExecutionPhase {
	c.t.Helper()
	list, err := c.resources().List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	all := map[string]v1alpha1.ExecutionPhase{}
	for _, e := range list.Items {
		if e.Spec.NodeCronJobName == name {
			all[e.Name] = e.Status.Phase
		}
	}
	return all
}

func withoutStartup(c *config.Config) { c.RunOnStartup = false }

func TestEachNodeCronJobHasItsTicks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes))
		defer r.kill()
		c.define("disk")
		c.define("net", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "30 * * * *" })
		time.Sleep(time.Until(start().Add(time.Hour + time.Minute)))
		want := map[string][]string{"disk": {"disk-20000101010000"}, "net": {"net-20000101003000"}}
		for name, executions := range want {
			got := c.executionsOf(name)
			for _, e := range executions {
				if len(got) != len(executions) || got[e] != v1alpha1.Closed {
					t.Errorf("%s: got %v, want %v, closed", name, got, executions)
				}
			}
			e := c.asked(executions[0])
			if owner := metav1.GetControllerOf(e); owner == nil || owner.UID != c.defined(name).UID {
				t.Errorf("%s: the owner of %s is %v", name, e.Name, owner)
			}
			n := c.defined(name)
			if last := n.Status.LastExecution; last == nil || last.Name != executions[0] || last.Counts.Nodes != 2 || n.Status.ActiveExecution != nil {
				t.Errorf("%s: its status is %+v", name, n.Status)
			}
			if at := n.Status.LastScheduleTime; at == nil || !at.Equal(e.Spec.ScheduledTime) {
				t.Errorf("%s: the last tick: got %v", name, at)
			}
			if next := n.Status.NextScheduleTime; next == nil || !next.After(time.Now()) {
				t.Errorf("%s: the next tick: got %v", name, next)
			}
			if accepted := c.accepted(name); accepted.Status != metav1.ConditionTrue {
				t.Errorf("%s: accepted: got %+v", name, accepted)
			}
		}
		if own := c.executionsByTick(); own["00:10"] != execution.Closed || own["01:00"] != execution.Closed {
			t.Errorf("the executions of the ConfigMap's definition: got %v", own)
		}
	})
}

func TestABrokenNodeCronJobHoldsUpNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		c.define("broken", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "61 * * * *" })
		c.define("disk")
		time.Sleep(time.Hour + time.Minute)
		if got := c.executionsOf("disk"); got["disk-20000101010000"] != v1alpha1.Closed {
			t.Errorf("disk: got %v", got)
		}
		if got := c.executionsOf("broken"); len(got) != 0 {
			t.Errorf("broken: got %v, want none", got)
		}
		accepted := c.accepted("broken")
		if accepted.Status != metav1.ConditionFalse || accepted.Reason != v1alpha1.ReasonInvalid {
			t.Errorf("broken: accepted: got %+v", accepted)
		}
		if r.metric("batch_job_controller_nodecronjob_accepted", "nodecronjob=broken") != 0 || r.metric("batch_job_controller_nodecronjob_accepted", "nodecronjob=disk") != 1 {
			t.Error("the metrics do not say which is accepted")
		}
		if got := c.eventsOf(kube.EventNotAccepted); len(got) != 1 || got[0].InvolvedObject.Name != "broken" {
			t.Errorf("events: got %+v", got)
		}
	})
}

func TestTheMetricsOfTheConfigMapsDefinitionAreTaken(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
		defer r.kill()
		c.define("disk", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "foo" })
		time.Sleep(5 * time.Second)
		accepted := c.accepted("disk")
		if accepted.Reason != v1alpha1.ReasonMetricConflict {
			t.Errorf("accepted: got %+v", accepted)
		}
	})
}

// An Execution can be created before its NodeCronJob, but not long before.
func TestAnExecutionWithoutItsNodeCronJob(t *testing.T) {
	tests := map[string]struct {
		after time.Duration // the NodeCronJob is created; 0: never
		owner string        // of the NodeCronJob
		want  v1alpha1.ExecutionPhase
	}{
		"the NodeCronJob comes soon":        {5 * time.Second, testName, v1alpha1.Closed},
		"the NodeCronJob never comes":       {0, "", v1alpha1.Rejected},
		"the NodeCronJob is another's":      {time.Second, "other", ""},
		"the NodeCronJob comes too late":    {time.Minute, testName, v1alpha1.Rejected},
		"the NodeCronJob has no owner, yet": {time.Second, "", v1alpha1.Closed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				r := startReplica(t, c, newMemoryStore(), testConfig(withoutStartup))
				defer r.kill()
				time.Sleep(time.Second)
				c.ask("by-hand", func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "disk" })
				if tt.after > 0 {
					time.Sleep(tt.after)
					c.define("disk", func(n *v1alpha1.NodeCronJob) {
						if n.Labels[jobspec.OwnerLabel] = tt.owner; tt.owner == "" {
							n.Labels = nil
						}
					})
				}
				time.Sleep(2 * time.Minute)
				e := c.asked("by-hand")
				if e.Status.Phase != tt.want {
					t.Errorf("got phase %q, %q; want %q", e.Status.Phase, rejectedAs(e), tt.want)
				}
				if tt.want == v1alpha1.Rejected && rejectedAs(e) != v1alpha1.ReasonNodeCronJobNotFound {
					t.Errorf("rejected as %q", rejectedAs(e))
				}
			})
		})
	}
}

func TestManyDefinitionsAfterATakeover(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.collectGarbage()
		c.behave("a", behaviour{runFor: 10 * time.Minute})
		c.behave("b", behaviour{runFor: 10 * time.Minute})
		store := newMemoryStore()
		r := startReplica(t, c, store, testConfig(withoutStartup))
		c.define("disk")
		c.define("net")
		time.Sleep(time.Hour + time.Minute)
		if n := c.podsAtOnce(); n != 4 {
			t.Errorf("%d pods ran at once, want those of both definitions on both nodes", n)
		}
		r.kill()
		next := startReplica(t, c, store, testConfig(withoutStartup))
		defer next.kill()
		time.Sleep(15 * time.Minute)
		for _, name := range []string{"disk", "net"} {
			if got := c.executionsOf(name); len(got) != 1 || got[name+"-20000101010000"] != v1alpha1.Closed {
				t.Errorf("%s: got %v", name, got)
			}
		}
		if jobs := c.created(); jobs["a"] != 2 || jobs["b"] != 2 {
			t.Errorf("Jobs created by node: got %v, want one for each definition", jobs)
		}
	})
}

func reportsOf(t *testing.T, store *memoryStore) []execution.ID {
	t.Helper()
	ids, err := store.Executions()
	must(t, err)
	return ids
}

package controller

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// onNodes makes an Execution one on some nodes.
func onNodes(nodes v1alpha1.ExecutionNodes) func(*v1alpha1.Execution) {
	return func(e *v1alpha1.Execution) { e.Spec.Nodes = &nodes }
}

func named(names ...v1alpha1.NodeName) v1alpha1.ExecutionNodes {
	return v1alpha1.ExecutionNodes{Names: names}
}

func withLabels(labels map[string]string) v1alpha1.ExecutionNodes {
	return v1alpha1.ExecutionNodes{Selector: &metav1.LabelSelector{MatchLabels: labels}}
}

func from(execution string, states ...v1alpha1.FinalState) v1alpha1.ExecutionNodes {
	return v1alpha1.ExecutionNodes{FromExecution: &v1alpha1.FromExecution{Name: execution, States: states}}
}

// whyRejected returns the message of the condition Rejected.
func whyRejected(e *v1alpha1.Execution) string {
	if c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionRejected); c != nil {
		return c.Message
	}
	return ""
}

// taking returns the nodes of an execution, and the skipped ones with the reason.
func taking(p execution.Plan) (nodes []string) {
	nodes = p.NodeNames()
	for _, skip := range p.Skipped {
		nodes = append(nodes, skip.Node+": "+string(skip.Reason))
	}
	return nodes
}

// someNodesTest is a cluster in which an execution named "first" has succeeded on nodes a and
// e, failed on b and c, and skipped d, which is cordoned.
type someNodesTest struct {
	// environment
	before func(*cluster, *memoryStore)
	nodes  v1alpha1.ExecutionNodes
	// expectations
	want     []string
	wantAs   string // the reason why it is rejected
	wantSays string
}

func someNodes() map[string]someNodesTest {
	gone := func(node string) func(*cluster, *memoryStore) {
		return func(c *cluster, _ *memoryStore) {
			must(c.t, c.client.CoreV1().Nodes().Delete(c.ctx, node, metav1.DeleteOptions{}))
		}
	}
	withoutPlan := func(c *cluster, _ *memoryStore) {
		part := c.asked("first").Status.Plan.Parts[0].Name
		must(c.t, c.client.CoreV1().ConfigMaps(testNamespace).Delete(c.ctx, part, metav1.DeleteOptions{}))
	}
	withoutReport := func(_ *cluster, s *memoryStore) {
		s.mu.Lock()
		defer s.mu.Unlock()
		clear(s.reports)
	}
	odd := v1alpha1.ExecutionNodes{Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Odd"}}}}
	return map[string]someNodesTest{
		"by name": {nodes: named("b", "a"), want: []string{"a", "b"}},
		"by name, one of them skipped": {
			nodes: named("a", "d"), want: []string{"a", "d: NodeUnschedulable"},
		},
		"by a name that there is not": {
			nodes: named("a", "x"), wantAs: v1alpha1.ReasonNodesNotFound, wantSays: "there is no node x",
		},
		"by the name of a node that is kept out": {
			nodes: named("a", "out"), wantAs: v1alpha1.ReasonNodesNotFound, wantSays: "jobNodeSelector or the pod template keeps out out",
		},
		"by labels":          {nodes: withLabels(map[string]string{"disk": "new"}), want: []string{"c"}},
		"by labels of none":  {nodes: withLabels(map[string]string{"disk": "old"}), wantAs: v1alpha1.ReasonNoNodes, wantSays: `no node has labels that match "disk=old"`},
		"by labels of other": {nodes: withLabels(map[string]string{"pool": "b"}), wantAs: v1alpha1.ReasonNoNodes, wantSays: "keeps out out"},
		"by no selector":     {nodes: odd, wantAs: v1alpha1.ReasonNoNodes, wantSays: `"Odd" is not a valid label selector operator`},

		"those that were bad":              {nodes: from("first"), want: []string{"b", "c"}},
		"those that succeeded":             {nodes: from("first", v1alpha1.Succeeded), want: []string{"a", "e"}},
		"those that were skipped":          {nodes: from("first", v1alpha1.Skipped), want: []string{"d: NodeUnschedulable"}},
		"those that were lost: there none": {nodes: from("first", v1alpha1.Lost, v1alpha1.Canceled), wantAs: v1alpha1.ReasonNoNodes, wantSays: "no node of execution first is in one of the states lost, canceled"},
		"those that were bad, and one of them is gone": {
			before: gone("b"), nodes: from("first"), want: []string{"c", "b: NodeGone"},
		},
		"those that were bad, if the plan of the execution is gone": {before: withoutPlan, nodes: from("first"), want: []string{"b", "c"}},
		"those that were bad, if its report is gone":                {before: withoutReport, nodes: from("first"), want: []string{"b", "c"}},
		"those that were bad, if both are gone": {
			before: func(c *cluster, s *memoryStore) { withoutPlan(c, s); withoutReport(c, s) },
			nodes:  from("first"), wantAs: v1alpha1.ReasonExecutionNotFound, wantSays: "its report is gone",
		},
		"of an execution that there is not": {nodes: from("none"), wantAs: v1alpha1.ReasonExecutionNotFound, wantSays: "there is no Execution none"},
		"of itself":                         {nodes: from("second"), wantAs: v1alpha1.ReasonExecutionNotClosed, wantSays: "execution second has not closed"},
		"of one that was rejected": {
			before: func(c *cluster, _ *memoryStore) { c.ask("wrong", onNodes(named("x"))); time.Sleep(time.Second) },
			nodes:  from("wrong"), wantAs: v1alpha1.ReasonExecutionNotClosed, wantSays: "execution wrong was rejected",
		},
		"of another NodeCronJob": {
			before: func(c *cluster, _ *memoryStore) {
				c.ask("other", func(e *v1alpha1.Execution) { e.Spec.NodeCronJobName = "other" })
			},
			nodes: from("other"), wantAs: v1alpha1.ReasonOtherNodeCronJob, wantSays: "execution other is of NodeCronJob other",
		},
	}
}

// newFailingCluster returns the cluster of someNodesTest, before its first execution.
func newFailingCluster(t *testing.T) *cluster {
	c := newCluster(t, "a", "b", "e")
	c.addNode("c", func(n *corev1.Node) { n.Labels["disk"] = "new" })
	c.addNode("d", cordoned)
	c.addNode("out", func(n *corev1.Node) { n.Labels["pool"] = "b" })
	c.behave("b", behaviour{exitCode: 1})
	c.behave("c", behaviour{exitCode: 1})
	return c
}

func someNodesConfig(c *config.Config) {
	everyTenMinutes(c)
	c.Result, c.JobNodeSelector = config.ResultOptional, map[string]string{"pool": "a"}
}

func TestAnExecutionOnSomeNodes(t *testing.T) {
	for name, tt := range someNodes() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newFailingCluster(t)
				store := newMemoryStore()
				r := startReplica(t, c, store, testConfig(someNodesConfig))
				defer r.kill()
				time.Sleep(time.Second)
				c.ask("first")
				time.Sleep(time.Minute)
				if tt.before != nil {
					tt.before(c, store)
				}
				time.Sleep(time.Second)
				before := c.state()
				c.ask("second", onNodes(tt.nodes))
				time.Sleep(time.Minute)

				e := c.asked("second")
				if got := rejectedAs(e); got != tt.wantAs || !strings.Contains(whyRejected(e), tt.wantSays) {
					t.Fatalf("rejected as %q: %s; want %q: %s", got, whyRejected(e), tt.wantAs, tt.wantSays)
				}
				if tt.wantAs != "" {
					events := slices.DeleteFunc(c.eventsOf(kube.EventExecutionRejected), func(e corev1.Event) bool { return e.InvolvedObject.Name != "second" })
					if len(events) != 1 || !strings.Contains(events[0].Message, tt.wantSays) {
						t.Errorf("events: got %+v", events)
					}
					if after := c.state(); !after.Equal(before.State) {
						t.Errorf("the state was changed from %+v to %+v", before, after)
					}
					return
				}
				second, err := c.store().Load(c.ctx, e)
				must(t, err)
				if diff := cmp.Diff(tt.want, taking(second.Plan)); diff != "" || e.Status.Phase != v1alpha1.Closed || !second.Plan.Partial {
					t.Errorf("nodes (-want +got) of %+v:\n%s", e.Status, diff)
				}
			})
		})
	}
}

// A rerun is an execution as any other: it can be rerun, over a change of leaders too.
func TestARerunOfARerun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newFailingCluster(t)
		store, cfg := newMemoryStore(), testConfig(someNodesConfig)
		r := startReplica(t, c, store, cfg)
		time.Sleep(time.Second)
		c.ask("first")
		time.Sleep(time.Minute)
		c.behave("b", behaviour{})
		c.ask("second", onNodes(from("first")), func(e *v1alpha1.Execution) {
			e.Spec.Reason, e.Spec.RequestedBy = "a new disk", "ada"
			e.Spec.Overrides = &v1alpha1.ExecutionOverrides{PodPoolSize: new(int32(1)), JobTimeout: v1alpha1.NewDuration(time.Minute)}
		})
		time.Sleep(time.Minute)
		r.kill()
		c.ask("third", onNodes(from("second")))
		r = startReplica(t, c, store, cfg)
		defer func() { r.kill() }()
		time.Sleep(time.Minute)
		var got [][]string
		for _, rec := range c.records() {
			got = append(got, taking(rec.Plan))
		}
		if diff := cmp.Diff([][]string{{"a", "b", "c", "e", "d: NodeUnschedulable"}, {"b", "c"}, {"c"}}, got); diff != "" {
			t.Errorf("nodes of the executions (-want +got):\n%s", diff)
		}
		if s := c.records()[1].Plan.Settings; s.PodPoolSize != 1 || s.JobTimeout != time.Minute || s.StartDeadline != cfg.StartDeadline {
			t.Errorf("overridden: got %+v", s)
		}
		for reason, says := range map[string]string{
			kube.EventExecutionStarted: "2 nodes, 1 at a time; partial: no other node was asked for; requested by ada; reason: a new disk",
			kube.EventExecutionClosed:  "1 succeeded, 1 failed; 1 need attention; partial: no other node was asked for",
		} {
			if events := c.eventsOf(reason); !slices.ContainsFunc(events, func(e corev1.Event) bool { return e.Message == says }) {
				t.Errorf("no event %s says %q: %+v", reason, says, events)
			}
		}
		if got, want := r.metric("batch_job_controller_last_execution_id"), c.records()[0].Plan.ID.Number(); got != want {
			t.Errorf("the last execution is %.0f, want %.0f: the others are partial", got, want)
		}
	})
}

// However many reruns there are, the newest execution over all nodes stays the latest.
func TestRerunsDoNotPruneTheLatestExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newFailingCluster(t)
		store, cfg := newMemoryStore(), testConfig(someNodesConfig, func(c *config.Config) { c.ReportHistory = 2 })
		r := startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(time.Second)
		for _, name := range []string{"zero", "first"} {
			c.ask(name)
			time.Sleep(time.Minute)
		}
		for _, name := range []string{"second", "third", "fourth"} {
			c.ask(name, onNodes(named("a")))
			time.Sleep(time.Minute)
		}
		var names []string
		for _, rec := range c.records() {
			names = append(names, rec.Object.Name)
			if store.reports[rec.Plan.ID].ID == "" {
				t.Errorf("the report of %s was dropped", rec.Object.Name)
			}
		}
		if want := []string{"first", "third", "fourth"}; !slices.Equal(names, want) || len(store.reports) != 3 {
			t.Errorf("executions: got %v, and %d reports; want %v", names, len(store.reports), want)
		}
		if got := r.metric("foo_pods"); got != 4 {
			t.Errorf("foo_pods: got %v, want 4", got)
		}
	})
}

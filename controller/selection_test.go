package controller

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func taintedWith(key, value string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: effect})
	}
}

// At the tick, the controller finds the nodes on which a Job cannot run. It creates no Job
// for them, and announces them.
func TestNodesThatCannotTakePart(t *testing.T) {
	leaving := taintedWith("ToBeDeletedByClusterAutoscaler", "1732764000", corev1.TaintEffectNoSchedule)
	evicting := taintedWith("dedicated", "db", corev1.TaintEffectNoExecute)
	tests := map[string]struct {
		template string // appended
		config   func(*config.Config)
		nodes    map[string]func(*corev1.Node)

		wantJobs     []string
		wantSkipped  []execution.Skip
		wantExcluded int
		wantEvent    string
	}{
		"the template selects one of three": {
			template: "  nodeSelector: {disk: ssd}\n",
			nodes:    map[string]func(*corev1.Node){"a": nil, "b": func(n *corev1.Node) { n.Labels["disk"] = "ssd" }, "c": cordoned},
			wantJobs: []string{"b"}, wantExcluded: 2,
			wantEvent: "1 nodes, 2 at a time; 2 excluded by the pod template (nodeSelector, node affinity, os or nodeName)",
		},
		"the template selects by the node's own name": {
			template: "  nodeSelector: {owner: {{ .NodeName }}}\n",
			nodes:    map[string]func(*corev1.Node){"a": func(n *corev1.Node) { n.Labels["owner"] = "a" }, "b": func(n *corev1.Node) { n.Labels["owner"] = "a" }},
			wantJobs: []string{"a"}, wantExcluded: 1,
			wantEvent: "1 nodes, 2 at a time; 1 excluded by the pod template (nodeSelector, node affinity, os or nodeName)",
		},
		"the template excludes all": {
			template: "  os: {name: windows}\n",
			nodes:    map[string]func(*corev1.Node){"a": func(n *corev1.Node) { n.Labels["kubernetes.io/os"] = "linux" }},

			wantExcluded: 1,
			wantEvent:    "no node takes part: 1 excluded by the pod template (nodeSelector, node affinity, os or nodeName)",
		},
		"a structured template selects": {
			config: func(c *config.Config) {
				c.PodTemplate, c.Template = "", &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
					NodeSelector: map[string]string{"owner": "a"},
					Containers:   []corev1.Container{{Name: "check", Image: "check", Args: []string{"$(NODE_NAME)"}}},
				}}
			},
			nodes:    map[string]func(*corev1.Node){"a": func(n *corev1.Node) { n.Labels["owner"] = "a" }, "b": nil},
			wantJobs: []string{"a"}, wantExcluded: 1,
			wantEvent: "1 nodes, 2 at a time; 1 excluded by the pod template (nodeSelector, node affinity, os or nodeName)",
		},
		"the template fails for one": {
			template: "{{ if eq .NodeName \"b\" }}  nodeSelector: {nope\n{{ end }}",
			nodes:    map[string]func(*corev1.Node){"a": nil, "b": nil},
			wantJobs: []string{"a"}, wantEvent: "2 nodes, 2 at a time",
		},
		"one leaves, and one would evict": {
			nodes:    map[string]func(*corev1.Node){"a": nil, "b": leaving, "c": evicting},
			wantJobs: []string{"a"}, wantSkipped: []execution.Skip{{Node: "b", Reason: execution.NodeLeaving}, {Node: "c", Reason: execution.NodeTainted}},
			wantEvent: "1 nodes, 2 at a time; 1 skipped as NodeLeaving, 1 skipped as NodeTainted",
		},
		"one would evict, which is tolerated": {
			config:   func(c *config.Config) { c.TolerateNoExecute = true },
			nodes:    map[string]func(*corev1.Node){"a": nil, "c": evicting},
			wantJobs: []string{"a", "c"}, wantEvent: "2 nodes, 2 at a time",
		},
		"one would evict, which the template tolerates": {
			template: "  tolerations: [{key: dedicated, operator: Exists}]\n",
			nodes:    map[string]func(*corev1.Node){"c": evicting},
			wantJobs: []string{"c"}, wantEvent: "1 nodes, 2 at a time",
		},
		"there is none with the labels": {
			config:    func(c *config.Config) { c.JobNodeSelector = map[string]string{"pool": "b", "zone": "z1"} },
			nodes:     map[string]func(*corev1.Node){"a": nil},
			wantEvent: "no node takes part: none has the labels of jobNodeSelector, pool=b,zone=z1",
		},
		"there is none": {wantEvent: "no node takes part: the cluster has none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t)
				for node, mutate := range tt.nodes {
					if mutate == nil {
						mutate = func(*corev1.Node) {}
					}
					c.addNode(node, mutate)
				}
				cfg := testConfig()
				cfg.PodTemplate += tt.template
				if tt.config != nil {
					tt.config(&cfg)
				}
				r := startReplica(t, c, newMemoryStore(), cfg)
				defer r.kill()
				time.Sleep(time.Minute)
				p := c.records()[0].Plan
				if diff := cmp.Diff(tt.wantSkipped, p.Skipped); diff != "" || p.Excluded != tt.wantExcluded {
					t.Errorf("excluded %d, want %d; skipped (-want +got):\n%s", p.Excluded, tt.wantExcluded, diff)
				}
				for _, skip := range tt.wantSkipped {
					if n := r.metric("batch_job_controller_node_tasks_total", "state=skipped", "reason="+string(skip.Reason)); n != 1 {
						t.Errorf("node tasks skipped as %s: got %g, want 1", skip.Reason, n)
					}
				}
				wantCreated := map[string]int{}
				for _, node := range tt.wantJobs {
					wantCreated[node] = 1
				}
				if diff := cmp.Diff(wantCreated, c.created()); diff != "" {
					t.Errorf("Jobs (-want +got):\n%s", diff)
				}
				reason := kube.EventExecutionStarted
				if len(p.Nodes) == 0 {
					reason = kube.EventNoNodes
				}
				if events := c.eventsOf(reason); len(events) != 1 || events[0].Message != tt.wantEvent {
					t.Errorf("events: got %v, want one, %q", events, tt.wantEvent)
				}
			})
		})
	}
}

// The pod tolerates the taints with which its node was selected.
func TestJobToleratesTheTaintsOfItsNode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t)
		c.addNode("a", taintedWith("dedicated", "db", corev1.TaintEffectNoExecute), taintedWith("role", "x", corev1.TaintEffectNoSchedule))
		r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.TolerateNoExecute = true }))
		defer r.kill()
		time.Sleep(time.Minute)
		got := c.jobsOfNode("a")[0].Spec.Template.Spec.Tolerations
		want := []corev1.Toleration{
			{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "db", Effect: corev1.TaintEffectNoExecute},
			{Key: "role", Operator: corev1.TolerationOpEqual, Value: "x", Effect: corev1.TaintEffectNoSchedule},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

//go:build e2e

package api

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The template and the taints exclude nodes before their Jobs are created: otherwise, their
// pods would be pending, and the execution open, until startDeadline.
func TestNodesThatCannotTakePart(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{
		Pool: 6, RunFor: time.Second,
		Keys:    map[string]any{"result": "Optional"},
		PodSpec: "  nodeSelector: {disk: ssd}\n  tolerations: [{key: known, operator: Exists}]\n",
	})
	nodes := site.AddNodes(6)
	plain, other, leaving, evicting, known, dedicated := nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5]
	for node, taint := range map[string]corev1.Taint{
		plain:     {},
		leaving:   {Key: "ToBeDeletedByClusterAutoscaler", Value: "1732764000", Effect: corev1.TaintEffectNoSchedule},
		evicting:  {Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoExecute},
		known:     {Key: "known", Effect: corev1.TaintEffectNoExecute},
		dedicated: {Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule},
	} {
		change(t, site, node, func(n *corev1.Node) {
			n.Labels["disk"] = "ssd"
			if taint.Key != "" {
				n.Spec.Taints = append(n.Spec.Taints, taint)
			}
		})
	}
	site.NewServer(1).Start()
	checkReport(t, waitClosed(t, site), map[string]execution.Outcome{
		plain:     succeeded(),
		known:     succeeded(),
		dedicated: succeeded(),
		leaving:   {State: execution.Skipped, Reason: execution.NodeLeaving},
		evicting:  {State: execution.Skipped, Reason: execution.NodeTainted},
	})
	site.Audit.Until(patience, "an event reports the node that the template excludes", func(state *audit.State) bool {
		events := state.EventsOf("ExecutionStarted")
		return len(events) == 1 && strings.Contains(events[0].Message, "1 excluded by the pod template")
	})
	site.Audit.Read(func(state *audit.State) {
		for _, node := range []string{other, leaving, evicting} {
			if n := state.JobsOf()[node]; n != 0 {
				t.Errorf("node %s had %d Jobs, want none", node, n)
			}
		}
	})
}

// With tolerateNoExecute, pods run on nodes that other pods have to leave.
func TestNodesThatPodsHaveToLeave(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: time.Second, Keys: map[string]any{"result": "Optional", "tolerateNoExecute": true}})
	node := site.AddNodes(1)[0]
	change(t, site, node, func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "CriticalAddonsOnly", Value: "true", Effect: corev1.TaintEffectNoExecute})
	})
	site.NewServer(1).Start()
	checkReport(t, waitClosed(t, site), map[string]execution.Outcome{node: succeeded()})
}

func change(t *testing.T, site *rig.Site, name string, mutate func(*corev1.Node)) {
	t.Helper()
	eventually(t, "node "+name+" is changed", func() bool { // kwok writes it, too
		node, err := site.Client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		mutate(node)
		_, err = site.Client.CoreV1().Nodes().Update(t.Context(), node, metav1.UpdateOptions{})
		return err == nil
	})
}

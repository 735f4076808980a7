//go:build e2e

package suite

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestNodeLeaves sets the taint with which the cluster autoscaler drains a node, and excludes
// another node in the template. It is not parallel, because all tests share the nodes.
func TestNodeLeaves(t *testing.T) {
	if len(env.nodes) < 3 {
		t.Skipf("this cluster has %d nodes, three are needed", len(env.nodes))
	}
	ctx := scenarioContext(t)
	leaving, other, rest := env.nodes[2], env.nodes[1], env.nodes[0]
	scaleDown(t, ctx, leaving)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "leaving"),
		Config:    configuration(t, "leaving", object{}),
		PodTemplate: podTemplate(reportScript) + `  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
          - matchFields: [{ key: metadata.name, operator: NotIn, values: [ ` + other + ` ] }]
`,
		Service: "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("it is skipped by that name", func(t *testing.T) {
		wantOutcome(t, e, leaving, execution.Skipped, execution.NodeLeaving)
		if line := s.taskReport(t, ctx, e.ID, leaving); line.Reason != execution.NodeLeaving || line.Bad() {
			t.Errorf("the report says %s, bad %t", line.Reason, line.Bad())
		}
	})
	t.Run("a node that the template excludes does not take part", func(t *testing.T) {
		if outcome, exists := e.Outcomes[other]; exists {
			t.Errorf("node %s: %v", other, outcome)
		}
	})
	t.Run("the rest runs", func(t *testing.T) {
		wantOutcome(t, e, rest, execution.Succeeded, "")
		pods, err := s.JobPods(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(pods) != 1 {
			t.Errorf("there are %d pods, want that of %s alone", len(pods), rest)
		}
	})
}

// scaleDown taints a node as the cluster autoscaler does before it removes the node, until the
// end of the test.
func scaleDown(t *testing.T, ctx context.Context, node string) {
	t.Helper()
	taint := corev1.Taint{Key: "ToBeDeletedByClusterAutoscaler", Value: "1732764000", Effect: corev1.TaintEffectNoSchedule}
	cleanup(t, func(ctx context.Context) error {
		return changeTaints(ctx, node, func(taints []corev1.Taint) []corev1.Taint {
			return slices.DeleteFunc(taints, func(t corev1.Taint) bool { return t.MatchTaint(&taint) })
		})
	})
	if err := changeTaints(ctx, node, func(taints []corev1.Taint) []corev1.Taint { return append(taints, taint) }); err != nil {
		t.Fatal(err)
	}
}

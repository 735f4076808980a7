//go:build e2e

package api

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

func TestNodesThatAreDeleted(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: untilEnded})
	nodes := site.AddNodes(3)
	site.NewServer(1).Start()
	waitRunning(t, site, nodes[0])
	for _, node := range []string{nodes[1], nodes[0]} {
		if err := shared.Client.CoreV1().Nodes().Delete(t.Context(), node, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	endOne(t, site, nodes[2], 0)

	checkReport(t, waitClosed(t, site), map[string]execution.Outcome{
		nodes[0]: {State: execution.Lost, Reason: execution.NodeGone},
		nodes[1]: {State: execution.Skipped, Reason: execution.NodeGone},
		nodes[2]: succeeded(),
	})
	site.Audit.Read(func(state *audit.State) {
		if n := state.JobsOf()[nodes[1]]; n != 0 {
			t.Errorf("node %s had %d Jobs, want none: the node was deleted", nodes[1], n)
		}
	})
}

func TestAnExecutionWithoutNodesClosesAtOnce(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 1, RunFor: time.Second})
	site.NewServer(1).Start()

	if report := waitClosed(t, site); len(report.Tasks) != 0 {
		t.Errorf("the report has %d tasks, want none", len(report.Tasks))
	}
	site.Audit.Until(patience, "an event says that no node takes part", func(state *audit.State) bool {
		return len(state.EventsOf("NoNodes")) == 1
	})
}

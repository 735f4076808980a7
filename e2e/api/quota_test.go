//go:build e2e

package api

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

func TestJobsThatAQuotaRefusesFailAtTheStartDeadline(t *testing.T) {
	t.Parallel()
	const allowed = 3
	site := rig.NewSite(t, shared, rig.Config{Pool: 4, RunFor: time.Second, Keys: map[string]any{"startDeadline": startDeadline.String()}})
	nodes := site.AddNodes(6)
	site.AddQuota(corev1.ResourceList{"count/jobs.batch": *resource.NewQuantity(allowed, resource.DecimalSI)})
	site.NewServer(1).Start()

	report := waitClosed(t, site)
	counts := map[execution.Outcome]int{}
	for _, task := range report.Tasks {
		counts[execution.Outcome{State: task.State, Reason: task.Reason}]++
	}
	refused := execution.Outcome{State: execution.Failed, Reason: execution.JobRefused}
	if counts[succeeded()] != allowed || counts[refused] != len(nodes)-allowed {
		t.Errorf("outcomes: %v, want %d succeeded and the others %v", counts, allowed, refused)
	}
	site.Audit.Until(patience, "the event of the refusals is written", func(state *audit.State) bool {
		return len(state.EventsOf("JobRefused")) > 0
	})
	site.Audit.Read(func(state *audit.State) {
		if events := state.EventsOf("JobRefused"); len(events) != 1 {
			t.Errorf("%d events report the refusals, want 1", len(events))
		}
	})
}

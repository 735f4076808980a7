//go:build e2e

package api

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// The replicas share the report directory, as they do on a shared volume.
func TestAStandbyGoesOnWhenTheLeaderStops(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 5, RunFor: time.Second})
	nodes := site.AddNodes(50)
	first, second := site.NewServer(1), site.NewServer(2)
	first.Start()
	site.Audit.Until(patience, "the first replica leads", func(state *rig.State) bool { return len(state.Jobs) > 0 })
	second.Start()
	second.WaitReady(patience)
	if a, b := leads(first), leads(second); !a || b {
		t.Errorf("the first replica leads: %t, and the second: %t", a, b)
	}

	took := first.Stop()
	var before int
	site.Audit.Read(func(state *rig.State) { before = len(state.Jobs) })
	if before == len(nodes) {
		t.Fatal("the leader stopped too late: all Jobs are created")
	}
	began := time.Now()
	site.Audit.Until(patience, "the second replica creates Jobs", func(state *rig.State) bool { return len(state.Jobs) > before })
	handover := time.Since(began)
	t.Logf("the leader stopped in %s, the next Job came %s later", took, handover)
	if handover >= rig.LeaseDuration {
		t.Errorf("the second replica waited %s: the Lease was not given back", handover)
	}

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	if !leads(second) {
		t.Error("the second replica does not say that it leads")
	}
	lease, err := shared.Client.CoordinationV1().Leases(site.Namespace).Get(t.Context(), rig.Name+"-leader", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := lease.Spec.LeaseTransitions; n == nil || *n < 1 {
		t.Errorf("the Lease has passed %v times to another replica", n)
	}
}

// A process that was stopped goes on in the middle of an instruction, as if it
// still led: not even the requests that it then sends may do harm.
func TestALeaderThatSleptThroughItsLeaseDoesNoHarm(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 5, RunFor: time.Second})
	nodes := site.AddNodes(50)
	first, second := site.NewServer(1), site.NewServer(2)
	first.Start()
	site.Audit.Until(patience, "the first replica is at work", func(state *rig.State) bool { return len(state.Jobs) >= 7 })
	second.Start()
	first.Pause()
	var before int
	site.Audit.Read(func(state *rig.State) { before = len(state.Jobs) })
	site.Audit.Until(patience, "the second replica is at work", func(state *rig.State) bool { return len(state.Jobs) > before+7 })
	first.Resume()
	first.WaitMetrics(patience, "it no longer leads", func(m rig.Metrics) bool { return m.Sum("batch_job_controller_leader") == 0 })

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
}

func leads(s *rig.Server) bool { return s.Metrics().Sum("batch_job_controller_leader") == 1 }

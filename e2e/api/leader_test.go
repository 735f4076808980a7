//go:build e2e

package api

import (
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The replicas share the report directory, as on a shared volume.
func TestAStandbyGoesOnWhenTheLeaderStops(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 5, RunFor: untilEnded})
	nodes := site.AddNodes(25)
	first, second := site.NewServer(1), site.NewServer(2)
	gate := make(gate, len(nodes))
	endPods(t, site, gate.pass)
	t.Cleanup(func() { close(gate) }) // before the cleanup waits for the pods
	first.Start()
	gate.open(site.Config.Pool)
	site.Audit.Until(patience, "the first replica has filled the pool again", func(state *audit.State) bool { return len(state.Jobs) == 2*site.Config.Pool })
	second.Start()
	second.WaitReady(patience)
	if a, b := leads(first), leads(second); !a || b {
		t.Errorf("the first replica leads: %t, and the second: %t", a, b)
	}

	took := first.Stop()
	began := time.Now()
	if holder := readLease(t, site).HolderIdentity; holder != nil && strings.HasPrefix(*holder, "replica-1") {
		t.Errorf("the Lease was not released: %s holds it", *holder)
	}
	gate.open(len(nodes) - site.Config.Pool)
	site.Audit.Until(patience, "the second replica creates Jobs", func(state *audit.State) bool { return len(state.Jobs) > 2*site.Config.Pool })
	t.Logf("the leader stopped in %s, the next Job came %s later", took, time.Since(began))

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	if !leads(second) {
		t.Error("the second replica does not export that it leads")
	}
	if n := readLease(t, site).LeaseTransitions; n == nil || *n < 1 {
		t.Errorf("the Lease has %v transitions", n)
	}
}

func readLease(t *testing.T, site *rig.Site) coordinationv1.LeaseSpec {
	t.Helper()
	lease, err := site.Client.CoordinationV1().Leases(site.Namespace).Get(t.Context(), rig.Name+"-leader", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return lease.Spec
}

// A suspended process resumes in the middle of an instruction, as if it still led: the
// requests that it then sends must do no harm.
func TestALeaderThatSleptThroughItsLeaseDoesNoHarm(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 5, RunFor: untilEnded})
	nodes := site.AddNodes(50)
	first, second := site.NewServer(1), site.NewServer(2)
	gate := make(gate, len(nodes))
	endPods(t, site, gate.pass)
	t.Cleanup(func() { close(gate) }) // before the cleanup waits for the pods
	const some = 7
	first.Start()
	gate.open(some)
	site.Audit.Until(patience, "the first replica is at work", func(state *audit.State) bool { return len(state.Jobs) >= some })
	second.Start()
	first.Pause()
	gate.open(2 * some)
	site.Audit.Until(patience, "the second replica is at work", func(state *audit.State) bool { return len(state.Jobs) > 2*some+site.Config.Pool })
	gate.open(some) // while the first replica resumes
	first.Resume()
	first.WaitMetrics(patience, "it no longer leads", func(m rig.Metrics) bool { return m.Sum("batch_job_controller_leader") == 0 })
	gate.open(len(nodes) - 4*some)

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
}

func leads(s *rig.Server) bool { return s.Metrics().Sum("batch_job_controller_leader") == 1 }

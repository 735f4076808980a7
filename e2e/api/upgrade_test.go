//go:build e2e

package api

import (
	"bytes"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// An upgrade and its rollback, in the middle of an execution.
func TestNothingIsLostWhenTheVersionChangesMidway(t *testing.T) {
	t.Parallel()
	const nodes, pool, turns = 24, 3, 4
	previous := shared.BuildPrevious(t)
	tests := map[string]struct {
		first   bool // the previous version opens the execution
		overlap bool // the next version runs before the previous one is stopped, as with two replicas
		kill    bool
	}{
		"from the previous version to this one and back":             {first: true},
		"from this version to the previous one and back":             {first: false},
		"each version is killed":                                     {first: true, kill: true},
		"two replicas, which change the version one after the other": {first: true, overlap: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := rig.NewSite(t, shared, rig.Config{Pool: pool, RunFor: untilEnded})
			names := site.AddNodes(nodes)
			servers := []*rig.Server{site.NewServer(1).WithDeprecatedFlags(), site.NewServer(2).WithDeprecatedFlags()}
			gate := make(gate, nodes)
			reporting := playPods(t, site, gate.pass, servers...)
			t.Cleanup(func() { close(gate) }) // before the cleanup waits for the pods
			old, now := servers[0], servers[0]
			for turn := range turns {
				now = servers[turn%2]
				if (turn%2 == 0) == tc.first {
					now.WithProgram(previous)
				}
				if tc.overlap {
					now.Start()
					now.WaitReady(patience)
				}
				switch {
				case turn == 0:
				case tc.kill:
					old.Kill()
				default:
					old.Stop()
				}
				if !tc.overlap {
					now.Start()
				}
				gate.open(nodes / turns)
				waitTaken(t, reporting, (turn+1)*nodes/turns)
				old = now
			}

			report := waitClosed(t, site)
			metrics := waitLeader(t, now).Metrics()
			checkOnce(t, site, names)
			checkReport(t, report, all(names, succeeded()))
			reporting.checkTaken(t, report, metrics)
			waitTokensGone(t, site, report.ID)
		})
	}
}

func waitTaken(t *testing.T, reporting *pods, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d results are accepted", n), func() bool { return len(reporting.allTaken()) >= n })
}

// A version that is too old for an execution ends, logs the reason, and leaves the execution to
// a later version.
func TestAServerThatIsTooOldForAnExecutionLeavesItAlone(t *testing.T) {
	t.Parallel()
	site := rig.NewSite(t, shared, rig.Config{Pool: 2, RunFor: untilEnded})
	nodes := site.AddNodes(6)
	server := site.NewServer(1)
	gate := make(gate, len(nodes))
	reporting := playPods(t, site, gate.pass, server)
	t.Cleanup(func() { close(gate) }) // before the cleanup waits for the pods
	server.Start()
	gate.open(1)
	<-reporting.first
	server.Kill()

	later := changeRecord(t, site, 2)
	server.Start()
	server.WaitEnded(patience)
	for _, want := range []string{later.Name, "schema: 2", "later version"} {
		if !bytes.Contains(server.Log(), []byte(want)) {
			t.Errorf("the log has no %q", want)
		}
	}
	if holder := readLease(t, site).HolderIdentity; holder != nil && *holder != "" {
		t.Errorf("the Lease was not released: %s holds it", *holder)
	}
	if current := recordOf(t, site); current.ResourceVersion != later.ResourceVersion {
		t.Error("the record was written")
	}

	changeRecord(t, site, 1)
	gate.open(len(nodes) - 1)
	server.Start()
	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	reporting.checkTaken(t, report, waitLeader(t, server).Metrics())
}

func changeRecord(t *testing.T, site *rig.Site, schema int32) *v1alpha1.Execution {
	t.Helper()
	record := recordOf(t, site)
	record.Status.Account.Schema = schema
	written, err := site.Executions().UpdateStatus(t.Context(), record, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// recordOf reads the record of the only execution.
func recordOf(t *testing.T, site *rig.Site) *v1alpha1.Execution {
	t.Helper()
	all := records(t, site)
	if len(all) != 1 {
		t.Fatalf("there are %d execution records, want one", len(all))
	}
	if phase := all[0].Status.Phase; phase != v1alpha1.Open {
		t.Fatalf("the execution is %s, want Open", phase)
	}
	return &all[0]
}

// records reads all Executions.
func records(t *testing.T, site *rig.Site) []v1alpha1.Execution {
	t.Helper()
	list, err := site.Executions().List(t.Context(), metav1.ListOptions{LabelSelector: jobspec.OwnerSelector(rig.Name).String()})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

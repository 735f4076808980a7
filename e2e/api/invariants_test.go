//go:build e2e

package api

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// patience is how long a test waits for conditions that take seconds on an idle machine.
const patience = 5 * time.Minute

// startDeadline is the startDeadline of tests with pods that do not start. Other pods start
// within it even on a busy machine.
const startDeadline = 15 * time.Second

// eventually polls until a condition holds.
func eventually(t *testing.T, condition string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("not after %s: %s", patience, condition)
		}
	}
}

// waitLeader waits until one of the servers leads, and returns it.
func waitLeader(t *testing.T, servers ...*rig.Server) (leader *rig.Server) {
	t.Helper()
	eventually(t, "one of the servers leads", func() bool {
		for _, s := range servers {
			if _, leads := scrapeLeader(s); leads {
				leader = s
			}
		}
		return leader != nil
	})
	return leader
}

// scrapeLeader returns the metrics of a server, and whether it leads. A scrape is not atomic:
// one that shows a new leader may have collected the results before that leader had read all
// of them. Only the next one has them for certain.
func scrapeLeader(server *rig.Server) (m rig.Metrics, leads bool) {
	m, err := server.Scrape()
	return m, err == nil && m.Sum("batch_job_controller_leader") == 1
}

// waitClosed waits until the only execution of the site is closed, and returns its report.
func waitClosed(t *testing.T, s *rig.Site) execution.Report {
	t.Helper()
	ids := waitAllClosed(t, s, 1)
	if len(ids) != 1 {
		t.Fatalf("got executions %v, want only one", ids)
	}
	return s.Report(ids[0])
}

// waitAllClosed waits until n executions exist and all are closed, and returns their IDs in
// order.
func waitAllClosed(t *testing.T, s *rig.Site, n int) (ids []execution.ID) {
	t.Helper()
	s.Audit.Until(patience, fmt.Sprintf("%d executions are closed", n), func(state *audit.State) bool {
		return len(state.Records) >= n && state.Closed()
	})
	s.Audit.Read(func(state *audit.State) { ids = slices.Sorted(maps.Keys(state.Records)) })
	return ids
}

// waitOldestClosed waits until the n oldest executions are closed, and returns their IDs in
// order.
func waitOldestClosed(t *testing.T, s *rig.Site, n int) (ids []execution.ID) {
	t.Helper()
	s.Audit.Until(patience, fmt.Sprintf("the %d oldest executions are closed", n), func(state *audit.State) bool {
		ids = slices.Sorted(maps.Keys(state.Records))
		ids = ids[:min(n, len(ids))]
		return len(ids) == n && !slices.ContainsFunc(ids, func(id execution.ID) bool { return state.ClosedAt(id).IsZero() })
	})
	return ids
}

// checkOnce checks that each node had exactly one Job and one pod, and that the pool was
// never exceeded.
func checkOnce(t *testing.T, s *rig.Site, nodes []string) {
	t.Helper()
	s.Audit.Read(func(state *audit.State) { checkOneEach(t, state, nodes) })
	checkPool(t, s)
}

func checkOneEach(t *testing.T, state *audit.State, nodes []string) {
	t.Helper()
	for what, count := range map[string]map[string]int{"Jobs": state.JobsOf(), "pods": state.PodsOf()} {
		for _, node := range nodes {
			if count[node] != 1 {
				t.Errorf("node %s had %d %s, want 1", node, count[node], what)
			}
		}
		if len(count) != len(nodes) {
			t.Errorf("%d nodes had %s, want %d", len(count), what, len(nodes))
		}
	}
}

func checkPool(t *testing.T, s *rig.Site) {
	t.Helper()
	s.Audit.Read(func(state *audit.State) {
		if state.MostLive > s.Config.Pool {
			t.Errorf("%d pods were live at one time, podPoolSize is %d", state.MostLive, s.Config.Pool)
		}
	})
}

// checkReport checks that the report has each node once, with the expected outcome.
func checkReport(t *testing.T, report execution.Report, want map[string]execution.Outcome) {
	t.Helper()
	seen := map[string]int{}
	for _, task := range report.Tasks {
		seen[task.Node]++
		if got := (execution.Outcome{State: task.State, Reason: task.Reason}); got != want[task.Node] {
			t.Errorf("node %s: %+v (%s), want %+v", task.Node, got, task.Message, want[task.Node])
		}
	}
	for node := range want {
		if seen[node] != 1 {
			t.Errorf("node %s is %d times in the report, want once", node, seen[node])
		}
	}
}

func succeeded() execution.Outcome { return execution.Outcome{State: execution.Succeeded} }

// all returns the outcome for each of the nodes.
func all(nodes []string, outcome execution.Outcome) map[string]execution.Outcome {
	outcomes := map[string]execution.Outcome{}
	for _, node := range nodes {
		outcomes[node] = outcome
	}
	return outcomes
}

//go:build e2e

package suite

import (
	"slices"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// wantOutcome checks that a node's task has the state, with one of the reasons.
func wantOutcome(t *testing.T, e deploy.Execution, node string, state execution.State, reasons ...execution.Reason) {
	t.Helper()
	got := e.Outcomes[node]
	if got.State != state || !slices.Contains(reasons, got.Reason) {
		t.Errorf("node %s: got %s %q, want %s %q", node, got.State, got.Reason, state, reasons)
	}
}

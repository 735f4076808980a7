//go:build e2e

package suite

import (
	"context"
	"strings"
	"testing"
)

// testRefusals checks the responses to invalid requests of the pods.
func testRefusals(t *testing.T, ctx context.Context, tour tour) {
	for _, refusal := range []struct{ what, status string }{
		{"unknown-node", "403"},
		{"unknown-execution", "403"},
		{"result-by-GET", "405"},
		{"file-by-PUT", "405"},
		{"event-by-GET", "405"},
		{"malformed-result", "400"},
		{"malformed-event", "400"},
		{"large-result", "413"},
		{"large-event", "413"},
	} {
		t.Run(refusal.what+" is answered with "+refusal.status, func(t *testing.T) {
			tour.wantAnswer(t, ctx, refusal.what, refusal.status)
		})
	}
}

// wantAnswer checks the status of the response to every pod.
func (tour tour) wantAnswer(t *testing.T, ctx context.Context, what, status string) {
	t.Helper()
	for _, node := range env.nodes {
		statuses := tour.uploaded(t, ctx, tour.execution.ID, node+"-statuses.txt")
		if !strings.Contains(statuses, what+" "+status+"\n") {
			t.Errorf("node %s: want %s with %s, got\n%s", node, what, status, statuses)
		}
	}
}

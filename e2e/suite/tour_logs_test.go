//go:build e2e

package suite

import (
	"context"
	"strings"
	"testing"
)

// testLogs checks the logs of the pods, which savePodLog has saved.
func testLogs(t *testing.T, ctx context.Context, tour tour) {
	for _, log := range []struct{ name, container, says string }{
		{"savePodLog saves the logs of containers", "job", "the job on "},
		{"savePodLog saves the logs of init containers", "prepare", "the init container on "},
	} {
		t.Run(log.name, func(t *testing.T) {
			for _, node := range env.nodes {
				got := tour.uploaded(t, ctx, tour.execution.ID, node+"-container-"+log.container+".log")
				if !strings.Contains(got, log.says+node+" speaks") {
					t.Errorf("node %s: got %q", node, got)
				}
			}
		})
	}
}

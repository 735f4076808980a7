//go:build e2e

package suite

import (
	"context"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// testHealth probes the controller as a kubelet does.
func testHealth(t *testing.T, ctx context.Context, tour tour) {
	for _, path := range []string{"/healthz", "/readyz"} {
		t.Run(path+" is served on port 9152", func(t *testing.T) {
			if _, err := tour.Get(ctx, deploy.HealthPort, path); err != nil {
				t.Error(err)
			}
		})
	}
}

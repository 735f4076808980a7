package auth

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Keep creates the Secret with the callback key again whenever it is missing, until ctx
// ends. Otherwise a replica that starts later would create another key, and reject the
// callbacks of running pods.
func (k *Keyring) Keep(ctx context.Context, fence lease.Fence, clk clock.WithTicker, log *slog.Logger) {
	for timing.Sleep(ctx, clk, time.Time{}, nil) {
		write, done, err := fence(ctx)
		if err != nil {
			continue
		}
		restored, err := k.Restore(write)
		done()
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn("the Secret with the callback key was not checked", "error", err)
		case restored:
			log.Warn("the Secret with the callback key was missing, and was created again with the same key")
		}
	}
}

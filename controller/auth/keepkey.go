package auth

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Keep creates the callback key again whenever its Secret is gone, until ctx
// ends. Without it a replica that starts later would make another one, and the
// pods that run would be refused.
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
			log.Warn("whether the callback key is still there is not known", "error", err)
		case restored:
			log.Warn("the Secret with the callback key was gone, and was created again with the same key")
		}
	}
}

package controller

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// keepKey creates the callback key again whenever its Secret is gone, until ctx
// ends. Without it a replica that starts later would make another one, and the
// pods that run would be refused.
func (m *Manager) keepKey(ctx context.Context, fence lease.Fence) {
	for timing.Sleep(ctx, m.Clock, time.Time{}, nil) {
		write, done, err := fence(ctx)
		if err != nil {
			continue
		}
		restored, err := m.Keyring.Restore(write)
		done()
		switch {
		case err != nil && ctx.Err() == nil:
			m.Log.Warn("whether the callback key is still there is not known", "error", err)
		case restored:
			m.Log.Warn("the Secret with the callback key was gone, and was created again with the same key")
		}
	}
}

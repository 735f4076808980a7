package controller

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// newShares returns what divides maxPods.
func (m *Manager) newShares() *shares.Keeper {
	return shares.New(shares.Options{
		State: m.state, Max: func() int { return int(m.maxPods.Load()) }, Clock: m.Clock, Jitter: m.Jitter, Log: m.Log,
	})
}

// share puts into effect what a configuration says for all definitions.
func (m *Manager) share(cfg config.Config) {
	m.maxPods.Store(int64(cfg.MaxPods))
	m.Metrics.SetMaxPods(cfg.MaxPods)
	m.Metrics.SeriesDropped(m.Results.Limit(cfg.Callback.Limits.Series))
}

// dividedState is the state, of which maxPods is divided again after each change: it may
// have another entry, or lack one.
type dividedState struct {
	*state.Keeper
	shares *shares.Keeper
}

// Change implements definition.State.
func (s dividedState) Change(ctx context.Context, fence lease.Fence, c state.Change) (chain uint64, err error) {
	defer s.shares.Divide()
	return s.Keeper.Change(ctx, fence, c)
}

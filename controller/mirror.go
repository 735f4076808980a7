package controller

import (
	"context"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/mirror"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// mirrorPatience is how long a term waits for the NodeCronJob of the ConfigMap's definition
// before it begins all the same: an open execution must not wait for it.
const mirrorPatience = 5 * time.Second

// newMirror returns what writes the definition in the ConfigMap into a NodeCronJob.
func (m *Manager) newMirror() (*mirror.Mirror, error) {
	return mirror.New(mirror.Options{
		Client: m.Client, Cache: m.nodeCronJobs, Executions: begun{m}, Announcer: m.announcer, Metrics: m.Metrics,
		Namespace: m.Namespace, ConfigMap: m.ConfigMap, Initial: m.Options.Config,
		Clock: m.Clock, Jitter: m.Jitter, Log: m.Log,
	})
}

// awaitMirror waits until the definition in the ConfigMap is in effect, if that can be soon. The
// ConfigMap may have changed while no replica led: a tick that has come meanwhile must run by
// what it says now.
func (m *Manager) awaitMirror(ctx context.Context) {
	until := m.Clock.Now().Add(mirrorPatience)
	for !m.hasMirror() && m.Clock.Now().Before(until) {
		if !timing.Sleep(ctx, m.Clock, until, m.news) {
			return
		}
	}
}

// hasMirror reports whether the definition in the ConfigMap is in effect, if it has one, or will
// not be.
func (m *Manager) hasMirror() bool {
	cfg := m.Config()
	return !cfg.HasDefinition || m.definitions.HasCopied(cfg.Hash)
}

// begun is the Manager as package mirror uses it.
type begun struct{ *Manager }

// IsOpen implements mirror.Executions. An execution that another leader has opened, or that is
// about to be opened, has an Execution or an entry in the state.
func (m begun) IsOpen(nodeCronJob string) bool {
	if q := m.queues.named(nodeCronJob); q != nil && q.HasOpen() {
		return true
	}
	s := m.state.State()
	return s.Restoring || len(s.Damaged) > 0 ||
		slices.ContainsFunc(s.Entries, func(e plan.Entry) bool { return e.Definition == nodeCronJob }) ||
		slices.ContainsFunc(m.executions.ExecutionsOf(nodeCronJob), func(e *v1alpha1.Execution) bool {
			return m.records.MayTake(e) && e.Status.Phase != v1alpha1.Closed && e.Status.Phase != v1alpha1.Rejected
		})
}

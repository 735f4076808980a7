package controller

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/door"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// nodeCronJob is the NodeCronJob of a queue. It implements queue.NodeCronJob,
// and so door.NodeCronJob.
type nodeCronJob struct {
	*Manager
	name string
}

// Cached implements door.NodeCronJob.
func (n nodeCronJob) Cached() door.Presence {
	return n.presence(n.nodeCronJobs.Get(n.name))
}

func (n nodeCronJob) presence(found *v1alpha1.NodeCronJob) door.Presence {
	switch {
	case found == nil || found.DeletionTimestamp != nil:
		return door.Absent
	case found.Labels[jobspec.OwnerLabel] != "" && found.Labels[jobspec.OwnerLabel] != n.Options.Config.Name:
		return door.Foreign
	default:
		return door.Present
	}
}

// Find implements door.NodeCronJob.
func (n nodeCronJob) Find(ctx context.Context) (door.Presence, error) {
	found, err := n.nodeCronJobs.Find(ctx, n.name)
	if err != nil {
		return door.Absent, err
	}
	return n.presence(found), nil
}

// Report implements queue.NodeCronJob.
func (n nodeCronJob) Report(change func(*v1alpha1.NodeCronJobStatus)) {
	n.definitions.Report(n.name, change)
}

// IsGone reports whether there is no NodeCronJob of a name, as far as this replica knows.
func (m *Manager) IsGone(name string) bool {
	return m.nodeCronJobs.Synced() && (nodeCronJob{m, name}).Cached() == door.Absent
}

// followed returns whether a definition has the name of that in the ConfigMap, and whether the
// ConfigMap has one.
func (m *Manager) followed(name string) (ofIt, has bool) {
	return name == m.Options.Config.Name, m.Config().HasDefinition
}

// definitionApplied is called with every definition of a NodeCronJob that is about to apply,
// or with nil if none does any longer.
func (m *Manager) definitionApplied(name string, now *definition.Definition) {
	m.exporting.Lock()
	defer m.exporting.Unlock()
	m.inEffect[name] = now != nil
	q := m.queues.named(name)
	if now == nil {
		if q == nil || !q.HasOpen() { // otherwise pods still report to it
			m.Results.Remove(name)
		}
		return
	}
	isNew := !m.Results.Has(name)
	m.Metrics.SeriesDropped(m.Results.Set(name, m.resultOptions(name, now)))
	if isNew && q != nil {
		q.RestoreResults()
	}
}

// endExport ends the export of a definition of which nothing is left, unless a spec of a
// NodeCronJob that was created again is in effect by now.
func (m *Manager) endExport(name string) {
	m.exporting.Lock()
	defer m.exporting.Unlock()
	if !m.inEffect[name] {
		delete(m.inEffect, name)
		m.Results.Remove(name)
	}
}

func (m *Manager) resultOptions(name string, d *definition.Definition) metrics.ResultOptions {
	o := m.ResultOptions(d.Config)
	o.Info.Name = name
	return o
}

// definitionChanged is called after a NodeCronJob has appeared, something else is in effect of it,
// or it is gone.
func (m *Manager) definitionChanged(name string) {
	if q := m.queues.named(name); q != nil {
		q.Wake()
	}
	m.wakeQueues()
}

package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// preset makes the series of a definition whose other labels are known begin at 0, so that
// a rate sees their first increment.
func (d *Definition) preset() {
	for _, trigger := range []execution.Trigger{execution.Cron, execution.Startup, execution.Manual} {
		d.executions.WithLabelValues(d.name, string(trigger))
	}
	for _, result := range []string{"succeeded", "failed", "canceled", "aborted"} {
		d.executionsClosed.WithLabelValues(d.name, result)
	}
	for _, reason := range []string{"open_execution", "suspended"} {
		d.ticksSkipped.WithLabelValues(d.name, reason)
	}
	d.nodeTasks.WithLabelValues(d.name, string(execution.Succeeded), "")
	for _, outcome := range knownOutcomes() {
		d.nodeTasks.WithLabelValues(d.name, string(outcome.State), string(outcome.Reason))
	}
	for _, outcome := range []string{"saved", "truncated", "failed"} {
		d.podLogs.WithLabelValues(d.name, outcome)
	}
	for _, gauge := range []*prometheus.GaugeVec{d.queued, d.nextTick, d.damagedRecords, d.tasksInFlight, d.poolSize} {
		gauge.WithLabelValues(d.name)
	}
	for _, counter := range []*prometheus.CounterVec{d.ticksMissed, d.resultSamples} {
		counter.WithLabelValues(d.name)
	}
	for _, histogram := range []*prometheus.HistogramVec{d.executionDuration, d.slotRefill} {
		histogram.WithLabelValues(d.name)
	}
}

// preset makes the series of the process whose labels are known begin at 0.
func (m *Metrics) preset() {
	for _, kind := range []string{"result", "file", "event"} {
		m.callbackRequests.WithLabelValues(kind, strconv.Itoa(200))
		m.callbackDuration.WithLabelValues(kind)
	}
	for _, outcome := range []string{"answered", "failed"} {
		m.callbacksForwarded.WithLabelValues(outcome)
	}
	for _, reason := range execution.DenyReasons() {
		m.callbacksDenied.WithLabelValues(string(reason))
	}
	for kind, limits := range execution.Limits() {
		for _, limit := range limits {
			m.callbacksLimited.WithLabelValues(kind, string(limit))
		}
	}
	for _, kind := range []string{"result", "event", "log"} {
		m.redacted.WithLabelValues(kind)
	}
	for _, port := range []string{"callback", "report"} {
		m.connectionsFull.WithLabelValues(port)
	}
	for _, operation := range []string{"begin", "about", "result", "file", "log", "report", "list", "drop"} {
		m.reportStoreErrors.WithLabelValues(operation)
	}
}

// knownOutcomes are the outcomes whose reason is one of the controller's own.
func knownOutcomes() []execution.Outcome {
	return []execution.Outcome{
		{State: execution.Skipped, Reason: execution.NodeNotReady},
		{State: execution.Skipped, Reason: execution.NodeUnschedulable},
		{State: execution.Skipped, Reason: execution.NodeLeaving},
		{State: execution.Skipped, Reason: execution.NodeUninitialized},
		{State: execution.Skipped, Reason: execution.NodeVirtual},
		{State: execution.Skipped, Reason: execution.NodeTainted},
		{State: execution.Skipped, Reason: execution.NodeGone},
		{State: execution.Lost, Reason: execution.NodeGone},
		{State: execution.Lost, Reason: execution.JobDeleted},
		{State: execution.Lost, Reason: execution.PodDeleted},
		{State: execution.Failed, Reason: execution.PodDeleted},
		{State: execution.Failed, Reason: execution.ForeignJob},
		{State: execution.Failed, Reason: execution.JobInvalid},
		{State: execution.Failed, Reason: execution.JobRefused},
		{State: execution.Failed, Reason: execution.PodNotCreated},
		{State: execution.Failed, Reason: execution.PodNotStarted},
		{State: execution.Failed, Reason: execution.JobTimeout},
		{State: execution.Failed, Reason: execution.NodeBusy},
		{State: execution.Failed, Reason: execution.ContainerFailed},
		{State: execution.Canceled, Reason: execution.NotStarted},
		{State: execution.Canceled, Reason: execution.Stopped},
	}
}

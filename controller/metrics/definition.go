package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Definition has the metrics of one definition, with its name as a label, and those of the
// process.
type Definition struct {
	*Metrics
	name string
}

// Of returns the metrics of a definition. Those whose other labels are known begin at 0.
func (m *Metrics) Of(definition string) *Definition {
	d := &Definition{Metrics: m, name: definition}
	d.preset()
	return d
}

// Remove removes all series of a definition, after its last execution has ended.
func (m *Metrics) Remove(definition string) {
	of := prometheus.Labels{labelDefinition: definition}
	for _, vector := range m.all() {
		vector.DeletePartialMatch(of)
	}
	m.last.forget(definition)
}

// vector is a metric with labels.
type vector interface {
	DeletePartialMatch(labels prometheus.Labels) (deleted int)
}

// all returns all metrics of definitions but those of the last execution.
func (v *vectors) all() []vector {
	return []vector{
		v.executions, v.executionsClosed, v.rejected, v.queued, v.executionDuration, v.lastExecution, v.nextTick, v.ticksSkipped, v.ticksMissed, v.damagedRecords,
		v.nodeTasks, v.tasksInFlight, v.poolSize, v.podShare, v.slotRefill, v.jobCreateErrors, v.resultSamples, v.podLogs,
	}
}

// Forget resets what only a leader knows of a definition: another replica leads.
func (d *Definition) Forget() {
	d.SetPool(0, 0)
	d.SetShare(execution.NoShare)
	d.SetQueued(0)
	d.SetDamagedRecords(0) // the next leader counts them
	d.SetNextTick(time.Time{})
	d.last.forget(d.name)
}

// ExecutionOpened counts a started execution.
func (d *Definition) ExecutionOpened(trigger string) {
	d.executions.WithLabelValues(d.name, trigger).Inc()
}

// ExecutionClosed counts an execution. A duration of 0 means an aborted execution, and is
// not observed.
func (d *Definition) ExecutionClosed(result string, took time.Duration) {
	d.executionsClosed.WithLabelValues(d.name, result).Inc()
	if took > 0 {
		d.executionDuration.WithLabelValues(d.name).Observe(took.Seconds())
	}
}

// ExecutionRejected counts an Execution that was rejected.
func (d *Definition) ExecutionRejected(reason string) {
	d.rejected.WithLabelValues(d.name, reason).Inc()
}

// SetQueued records how many Executions wait to be opened.
func (d *Definition) SetQueued(n int) { d.queued.WithLabelValues(d.name).Set(float64(n)) }

// SetLastExecution records when an execution closed, in this process or before.
func (d *Definition) SetLastExecution(result string, at time.Time) {
	setTime(d.lastExecution.WithLabelValues(d.name, result), at)
}

// SetNextTick records when the next tick is due; the zero time means never.
func (d *Definition) SetNextTick(at time.Time) { setTime(d.nextTick.WithLabelValues(d.name), at) }

// TickSkipped counts a skipped tick.
func (d *Definition) TickSkipped(reason string) {
	d.ticksSkipped.WithLabelValues(d.name, reason).Inc()
}

// SetDamagedRecords sets how many execution records cannot be read.
func (d *Definition) SetDamagedRecords(n int) {
	d.damagedRecords.WithLabelValues(d.name).Set(float64(n))
}

// TicksMissed counts missed ticks.
func (d *Definition) TicksMissed(n int) { d.ticksMissed.WithLabelValues(d.name).Add(float64(n)) }

// TaskEnded counts an ended node task: package definition calls it for each skipped node
// when an execution opens, package run for each task that ends afterwards. Reasons may
// come from pods: after many different reasons of all definitions, the others are counted
// together.
func (d *Definition) TaskEnded(outcome execution.Outcome) {
	d.nodeTasks.WithLabelValues(d.name, string(outcome.State), d.reasons.label(string(outcome.Reason))).Inc()
}

// SetPool records how many slots of the pool are in use.
func (d *Definition) SetPool(inFlight, size int) {
	d.tasksInFlight.WithLabelValues(d.name).Set(float64(inFlight))
	d.poolSize.WithLabelValues(d.name).Set(float64(size))
}

// SetShare records the share of maxPods of the open execution; execution.NoShare: it has none.
func (d *Definition) SetShare(share int) {
	if share == execution.NoShare {
		d.podShare.DeleteLabelValues(d.name)
		return
	}
	d.podShare.WithLabelValues(d.name).Set(float64(share))
}

// SlotRefilled records how long a slot was free.
func (d *Definition) SlotRefilled(took time.Duration) {
	d.slotRefill.WithLabelValues(d.name).Observe(took.Seconds())
}

// JobCreateFailed counts a failed attempt to create a Job, by the status code of the
// response.
func (d *Definition) JobCreateFailed(code string) {
	d.jobCreateErrors.WithLabelValues(d.name, code).Inc()
}

// LogSaved counts a container's log, by outcome: saved, truncated or failed.
func (d *Definition) LogSaved(outcome string) { d.podLogs.WithLabelValues(d.name, outcome).Inc() }

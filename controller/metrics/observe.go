package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SetLeader records whether this replica is the leader.
func (m *Metrics) SetLeader(leading bool) { setBool(m.leader, leading) }

// ConfigTaken records that the current configuration applies, and whether a part of it
// waits for a restart.
func (m *Metrics) ConfigTaken(at time.Time, needsRestart bool) {
	setBool(m.configReloaded, true)
	setTime(m.configReloadedAt, at)
	setBool(m.configWaits, needsRestart)
}

// ConfigRefused records that the current configuration is invalid.
func (m *Metrics) ConfigRefused() { setBool(m.configReloaded, false) }

// ExecutionOpened counts a started execution.
func (m *Metrics) ExecutionOpened(trigger string) {
	m.executions.WithLabelValues(trigger).Inc()
}

// ExecutionClosed counts an execution, and records when it closed. A duration
// of 0 means an aborted execution, and is not observed.
func (m *Metrics) ExecutionClosed(result string, at time.Time, d time.Duration) {
	m.executionsClosed.WithLabelValues(result).Inc()
	m.SetLastExecution(result, at)
	if d > 0 {
		m.executionDuration.Observe(d.Seconds())
	}
}

// SetLastExecution records when an execution closed, without counting it:
// it closed before this process started.
func (m *Metrics) SetLastExecution(result string, at time.Time) {
	setTime(m.lastExecution.WithLabelValues(result), at)
}

// SetNextTick records when the next tick is due; the zero time means never.
func (m *Metrics) SetNextTick(at time.Time) { setTime(m.nextTick, at) }

// TickSkipped counts a skipped tick.
func (m *Metrics) TickSkipped(reason string) {
	m.ticksSkipped.WithLabelValues(reason).Inc()
}

// SetDamagedRecords sets how many execution records cannot be read.
func (m *Metrics) SetDamagedRecords(n int) { m.damagedRecords.Set(float64(n)) }

// TicksMissed counts missed ticks.
func (m *Metrics) TicksMissed(n int) { m.ticksMissed.Add(float64(n)) }

// TaskEnded counts an ended node task: package definition calls it for each skipped node
// when an execution opens, package run for each task that ends afterwards. Reasons may
// come from pods: after many different reasons, the others are counted together.
func (m *Metrics) TaskEnded(outcome execution.Outcome) {
	m.nodeTasks.WithLabelValues(string(outcome.State), m.reasons.label(string(outcome.Reason))).Inc()
}

// SetPool records how many slots of the pool are in use.
func (m *Metrics) SetPool(inFlight, size int) {
	m.tasksInFlight.Set(float64(inFlight))
	m.poolSize.Set(float64(size))
}

// SlotRefilled records how long a slot was free.
func (m *Metrics) SlotRefilled(d time.Duration) { m.slotRefill.Observe(d.Seconds()) }

// JobCreateFailed counts a failed attempt to create a Job, by the status code of the
// response.
func (m *Metrics) JobCreateFailed(code string) {
	m.jobCreateErrors.WithLabelValues(code).Inc()
}

// CallbackAnswered counts a callback.
func (m *Metrics) CallbackAnswered(kind string, code int, d time.Duration) {
	m.callbackRequests.WithLabelValues(kind, strconv.Itoa(code)).Inc()
	m.callbackDuration.WithLabelValues(kind).Observe(d.Seconds())
}

// CallbackDenied counts a callback that was denied because of its credential.
func (m *Metrics) CallbackDenied(reason execution.DenyReason) {
	m.callbacksDenied.WithLabelValues(string(reason)).Inc()
}

// CallbackForwarded counts an attempt to forward a callback to the leader:
// answered or failed.
func (m *Metrics) CallbackForwarded(outcome string) {
	m.callbacksForwarded.WithLabelValues(outcome).Inc()
}

// CallbackLimited counts a callback that exceeded a limit.
func (m *Metrics) CallbackLimited(kind string, limit execution.Limit) {
	m.callbacksLimited.WithLabelValues(kind, string(limit)).Inc()
}

// ConnectionsFull counts that a port, callback or report, reached its
// connection limit.
func (m *Metrics) ConnectionsFull(port string) { m.connectionsFull.WithLabelValues(port).Inc() }

// ResultStored counts the samples of a result.
func (m *Metrics) ResultStored(samples int) { m.resultSamples.Add(float64(samples)) }

// SeriesDropped counts series that are not exported because there are too many.
func (m *Metrics) SeriesDropped(n int) { m.seriesDropped.Add(float64(n)) }

// CredentialsRedacted counts callback credentials that were redacted in a result,
// an event or a log.
func (m *Metrics) CredentialsRedacted(kind string, n int) {
	m.redacted.WithLabelValues(kind).Add(float64(n))
}

// LogSaved counts a container's log, by outcome: saved, truncated or
// failed.
func (m *Metrics) LogSaved(outcome string) { m.podLogs.WithLabelValues(outcome).Inc() }

// StoreError counts a failed operation of the report store.
func (m *Metrics) StoreError(operation string) {
	m.reportStoreErrors.WithLabelValues(operation).Inc()
}

// SetCertificateExpiry records when the certificate of a port expires.
func (m *Metrics) SetCertificateExpiry(port string, at time.Time) {
	setTime(m.certificateExpiry.WithLabelValues(port), at)
}

func setBool(g prometheus.Gauge, value bool) {
	if value {
		g.Set(1)
	} else {
		g.Set(0)
	}
}

func setTime(g prometheus.Gauge, at time.Time) {
	if at.IsZero() {
		g.Set(0)
		return
	}
	g.Set(float64(at.UnixMilli()) / 1000)
}

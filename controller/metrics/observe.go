package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SetLeader takes down whether this replica leads.
func (m *Metrics) SetLeader(leading bool) { setBool(m.leader, leading) }

// ConfigTaken takes down that the configuration as it is now applies, and
// whether a part of it only will after a restart.
func (m *Metrics) ConfigTaken(at time.Time, needsRestart bool) {
	setBool(m.configReloaded, true)
	setTime(m.configReloadedAt, at)
	setBool(m.configWaits, needsRestart)
}

// ConfigRefused takes down that the configuration as it is now is invalid.
func (m *Metrics) ConfigRefused() { setBool(m.configReloaded, false) }

// ExecutionOpened counts an execution that began.
func (m *Metrics) ExecutionOpened(trigger string) {
	m.executions.WithLabelValues(trigger).Inc()
}

// ExecutionClosed counts an execution, and takes down when it ended. A duration
// of 0 is that of an execution which was given up, and is not a measurement.
func (m *Metrics) ExecutionClosed(result string, at time.Time, d time.Duration) {
	m.executionsClosed.WithLabelValues(result).Inc()
	m.SetLastExecution(result, at)
	if d > 0 {
		m.executionDuration.Observe(d.Seconds())
	}
}

// SetLastExecution takes down when an execution ended that is not to be
// counted: one that ended before this process began.
func (m *Metrics) SetLastExecution(result string, at time.Time) {
	setTime(m.lastExecution.WithLabelValues(result), at)
}

// SetNextTick takes down when the next tick is due; the zero time is never.
func (m *Metrics) SetNextTick(at time.Time) { setTime(m.nextTick, at) }

// TickSkipped counts a tick that began no execution.
func (m *Metrics) TickSkipped(reason string) {
	m.ticksSkipped.WithLabelValues(reason).Inc()
}

// SetDamagedRecords sets how many execution records cannot be read.
func (m *Metrics) SetDamagedRecords(n int) { m.damagedRecords.Set(float64(n)) }

// TicksMissed counts ticks that began no execution in time.
func (m *Metrics) TicksMissed(n int) { m.ticksMissed.Add(float64(n)) }

// TaskEnded counts a node task that ended. Reasons are whatever a pod says:
// after many different ones the rest are counted together.
func (m *Metrics) TaskEnded(state, reason string) {
	m.nodeTasks.WithLabelValues(state, m.reasons.label(reason)).Inc()
}

// SetPool takes down how full the pool is.
func (m *Metrics) SetPool(inFlight, size int) {
	m.tasksInFlight.Set(float64(inFlight))
	m.poolSize.Set(float64(size))
}

// SlotRefilled takes down how long a slot was free.
func (m *Metrics) SlotRefilled(d time.Duration) { m.slotRefill.Observe(d.Seconds()) }

// JobCreateFailed counts an attempt to create a Job, by the status code of the
// answer.
func (m *Metrics) JobCreateFailed(code string) {
	m.jobCreateErrors.WithLabelValues(code).Inc()
}

// CallbackAnswered counts a callback.
func (m *Metrics) CallbackAnswered(kind string, code int, d time.Duration) {
	m.callbackRequests.WithLabelValues(kind, strconv.Itoa(code)).Inc()
	m.callbackDuration.WithLabelValues(kind).Observe(d.Seconds())
}

// CallbackDenied counts a callback without a good credential.
func (m *Metrics) CallbackDenied(reason execution.DenyReason) {
	m.callbacksDenied.WithLabelValues(string(reason)).Inc()
}

// CallbackForwarded counts an attempt to pass a callback on to the leader:
// answered or failed.
func (m *Metrics) CallbackForwarded(outcome string) {
	m.callbacksForwarded.WithLabelValues(outcome).Inc()
}

// CallbackLimited counts a callback that was refused because it was over a
// limit.
func (m *Metrics) CallbackLimited(kind string, limit execution.Limit) {
	m.callbacksLimited.WithLabelValues(kind, string(limit)).Inc()
}

// ConnectionsFull counts that a port, callback or report, had as many
// connections as it may.
func (m *Metrics) ConnectionsFull(port string) { m.connectionsFull.WithLabelValues(port).Inc() }

// ResultStored counts the samples of a result.
func (m *Metrics) ResultStored(samples int) { m.resultSamples.Add(float64(samples)) }

// SeriesDropped counts series that are not exported because there are too many.
func (m *Metrics) SeriesDropped(n int) { m.seriesDropped.Add(float64(n)) }

// CredentialsRedacted counts callback credentials that were covered in a result,
// an event or a log.
func (m *Metrics) CredentialsRedacted(kind string, n int) {
	m.redacted.WithLabelValues(kind).Add(float64(n))
}

// LogSaved counts a container's log, by what became of it: saved, truncated or
// failed.
func (m *Metrics) LogSaved(outcome string) { m.podLogs.WithLabelValues(outcome).Inc() }

// StoreError counts a failed operation of the report store.
func (m *Metrics) StoreError(operation string) {
	m.reportStoreErrors.WithLabelValues(operation).Inc()
}

// SetCertificateExpiry takes down when the certificate of a port expires.
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

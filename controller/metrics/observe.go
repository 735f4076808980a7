package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SetLeader records whether this replica is the leader.
func (m *Metrics) SetLeader(leading bool) { setBool(m.leader, leading) }

// SetMaxPods records the cap over all definitions; 0: there is none.
func (m *Metrics) SetMaxPods(n int) { m.maxPods.Set(float64(n)) }

// ConfigTaken records that the current configuration applies, and whether a part of it
// waits for a restart.
func (m *Metrics) ConfigTaken(at time.Time, needsRestart bool) {
	m.config.set(m.configReloaded, func(c *configState) { c.refused = false })
	setTime(m.configReloadedAt, at)
	setBool(m.configWaits, needsRestart)
}

// ConfigRefused records that the current configuration is invalid.
func (m *Metrics) ConfigRefused() {
	m.config.set(m.configReloaded, func(c *configState) { c.refused = true })
}

// ConfigMirrored records whether the definition of the ConfigMap has its NodeCronJob. One
// that has none does not run, although the configuration is valid.
func (m *Metrics) ConfigMirrored(mirrored bool) {
	m.config.set(m.configReloaded, func(c *configState) { c.unmirrored = !mirrored })
}

// configState is why the current configuration does not apply, if it does not.
type configState struct {
	mu                  sync.Mutex
	refused, unmirrored bool
}

func (c *configState) set(successful prometheus.Gauge, change func(*configState)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
	setBool(successful, !c.refused && !c.unmirrored)
}

// DefinitionAccepted records whether the newest spec of a NodeCronJob is accepted.
func (m *Metrics) DefinitionAccepted(nodeCronJob string, accepted bool) {
	setBool(m.accepted.WithLabelValues(nodeCronJob), accepted)
}

// ForgetDefinition removes what DefinitionAccepted has recorded.
func (m *Metrics) ForgetDefinition(nodeCronJob string) { m.accepted.DeleteLabelValues(nodeCronJob) }

// UnknownDefinitionsFull counts that Executions have to wait to be rejected, because too many
// name NodeCronJobs that do not exist.
func (m *Metrics) UnknownDefinitionsFull() { m.unknownFull.Inc() }

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

// ResultStored counts the samples of a result of a definition.
func (m *Metrics) ResultStored(definition string, samples int) {
	m.resultSamples.WithLabelValues(definition).Add(float64(samples))
}

// SeriesDropped counts series that are not exported because there are too many.
func (m *Metrics) SeriesDropped(n int) { m.seriesDropped.Add(float64(n)) }

// CredentialsRedacted counts callback credentials that were redacted in a result,
// an event or a log.
func (m *Metrics) CredentialsRedacted(kind string, n int) {
	m.redacted.WithLabelValues(kind).Add(float64(n))
}

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

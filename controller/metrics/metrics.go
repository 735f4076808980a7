package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

const (
	namespace = "batch_job_controller"
	// labelDefinition has the name of the definition.
	labelDefinition = "nodecronjob"
)

// Metrics are the controller's own metrics. Those of a definition are in Definition.
type Metrics struct {
	*vectors
	config             configState
	leader             prometheus.Gauge
	maxPods            prometheus.Gauge
	configReloaded     prometheus.Gauge
	configReloadedAt   prometheus.Gauge
	configWaits        prometheus.Gauge
	callbackRequests   *prometheus.CounterVec
	callbackDuration   *prometheus.HistogramVec
	callbacksForwarded *prometheus.CounterVec
	callbacksDenied    *prometheus.CounterVec
	callbacksLimited   *prometheus.CounterVec
	redacted           *prometheus.CounterVec
	connectionsFull    *prometheus.CounterVec
	seriesDropped      prometheus.Counter
	reportStoreErrors  *prometheus.CounterVec
	certificateExpiry  *prometheus.GaugeVec
	accepted           *prometheus.GaugeVec
	unknownFull        prometheus.Counter
}

// vectors are the metrics with the label nodecronjob.
type vectors struct {
	executions        *prometheus.CounterVec
	executionsClosed  *prometheus.CounterVec
	rejected          *prometheus.CounterVec
	queued            *prometheus.GaugeVec
	executionDuration *prometheus.HistogramVec
	lastExecution     *prometheus.GaugeVec
	last              *lastExecutions
	nextTick          *prometheus.GaugeVec
	ticksSkipped      *prometheus.CounterVec
	ticksMissed       *prometheus.CounterVec
	damagedRecords    *prometheus.GaugeVec
	nodeTasks         *prometheus.CounterVec
	reasons           *reasons
	tasksInFlight     *prometheus.GaugeVec
	poolSize          *prometheus.GaugeVec
	podShare          *prometheus.GaugeVec
	slotRefill        *prometheus.HistogramVec
	jobCreateErrors   *prometheus.CounterVec
	resultSamples     *prometheus.CounterVec
	podLogs           *prometheus.CounterVec
}

// New returns metrics that are registered with reg. It panics if reg has
// metrics of these names already. The names are also in package gauge
// (config/gauge/names.go), so that no gauge takes one, and in docs/metrics.md.
func New(reg prometheus.Registerer) *Metrics {
	f := factory{reg}
	m := &Metrics{
		vectors:            newVectors(f),
		leader:             f.gauge("leader", "Whether this replica is the leader: 1 yes, 0 no."),
		maxPods:            f.gauge("max_pods", "Cap on the node tasks of all definitions in flight, maxPods; 0: none."),
		configReloaded:     f.gauge("config_last_reload_successful", "Whether the current ConfigMap was accepted: 1 yes, 0 no: it is invalid, and the previous configuration applies, or its definition could not become a NodeCronJob."),
		configReloadedAt:   f.gauge("config_last_reload_success_timestamp_seconds", "When a ConfigMap was last accepted, at startup or later."),
		configWaits:        f.gauge("config_needs_restart", "Whether a part of the current ConfigMap applies only after a restart: 1 yes, 0 no."),
		callbackRequests:   f.counters("callback_requests_total", "Callbacks, by the status code of the response.", "kind", "code"),
		callbackDuration:   f.histograms("callback_duration_seconds", "Time to process a callback.", callbackBuckets(), "kind"),
		callbacksForwarded: f.counters("callbacks_forwarded_total", "Callbacks forwarded to the leader, by outcome; the leader counts them as its own.", "outcome"),
		callbacksDenied:    f.counters("callback_denied_total", "Callbacks with a denied credential, by reason.", "reason"),
		callbacksLimited:   f.counters("callback_limited_total", "Callbacks that exceeded a limit, by its key in the configuration.", "kind", "limit"),
		redacted:           f.counters("credentials_redacted_total", "Callback credentials that were redacted in results, events and logs.", "kind"),
		connectionsFull:    f.counters("connections_full_total", "How often a port reached its connection limit, so that further connections had to wait.", "port"),
		seriesDropped:      f.counter("series_dropped_total", "Series that are not exported because there are too many."),
		reportStoreErrors:  f.counters("report_store_errors_total", "Failed operations of the report store.", "operation"),
		accepted:           f.gauges("nodecronjob_accepted", "Whether the newest spec of a NodeCronJob is accepted: 1 yes, 0 no. Only the leader has it.", labelDefinition),
		unknownFull:        f.counter("unknown_definitions_full_total", "How often Executions had to wait to be rejected because too many of them named NodeCronJobs that do not exist."),
		certificateExpiry:  f.gauges("certificate_expiry_seconds", "When the certificate of a TLS port expires, as Unix time.", "port"),
	}
	m.preset()
	return m
}

func newVectors(f factory) *vectors {
	v := &vectors{
		executions:        f.counters("executions_total", "Executions started.", labelDefinition, "trigger"),
		executionsClosed:  f.counters("executions_closed_total", "Executions that have closed: failed ones have a node that failed, was lost or is unreported; canceled ones have none, but a node task that was canceled.", labelDefinition, "result"),
		rejected:          f.counters("executions_rejected_total", "Executions that were rejected: they will never be opened.", labelDefinition, "reason"),
		queued:            f.gauges("executions_queued", "Executions that wait to be opened.", labelDefinition),
		executionDuration: f.histograms("execution_duration_seconds", "Time from an execution's scheduled time until it closed.", executionBuckets(), labelDefinition),
		lastExecution:     f.gauges("last_execution_timestamp_seconds", "When an execution last closed with this result.", labelDefinition, "result"),
		last:              newLastExecutions(),
		nextTick:          f.gauges("next_tick_timestamp_seconds", "When the next tick is due.", labelDefinition),
		ticksSkipped:      f.counters("ticks_skipped_total", "Ticks that were skipped on purpose.", labelDefinition, "reason"),
		ticksMissed:       f.counters("ticks_missed_total", "Ticks that started no execution in time: there was no leader, or it could not start one.", labelDefinition),
		damagedRecords:    f.gauges("damaged_records", "Execution records that the leader cannot read and does not touch.", labelDefinition),
		nodeTasks:         f.counters("node_tasks_total", "Node tasks that have ended.", labelDefinition, "state", "reason"),
		reasons:           newReasons(),
		tasksInFlight:     f.gauges("tasks_in_flight", "Node tasks that hold a slot.", labelDefinition),
		poolSize:          f.gauges("pool_size", "Slots of the pool of the execution that started last.", labelDefinition),
		podShare:          f.gauges("pod_share", "Share of maxPods of the open execution: its node tasks that may be in flight. Absent without an open execution, or a cap.", labelDefinition),
		slotRefill:        f.histograms("slot_refill_seconds", "Time from a slot becoming free to the creation of the next Job in it.", refillBuckets(), labelDefinition),
		jobCreateErrors:   f.counters("job_create_errors_total", "Failed attempts to create a Job, by the API server's status code; none without a response.", labelDefinition, "code"),
		resultSamples:     f.counters("result_samples_total", "Samples received in results.", labelDefinition),
		podLogs:           f.counters("pod_logs_total", "Container logs, by outcome.", labelDefinition, "outcome"),
	}
	f.reg.MustRegister(v.last)
	return v
}

func executionBuckets() []float64 {
	return []float64{5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400}
}

// refillBuckets are finest around the times that are expected, below 100 ms.
func refillBuckets() []float64 {
	return []float64{.005, .01, .02, .03, .04, .05, .06, .08, .1, .15, .2, .3, .5, 1, 2, 5}
}

func callbackBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}

// factory creates and registers metrics.
type factory struct{ reg prometheus.Registerer }

func registered[C prometheus.Collector](f factory, c C) C {
	f.reg.MustRegister(c)
	return c
}

func (f factory) gauge(name, help string) prometheus.Gauge {
	return registered(f, prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}))
}

func (f factory) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return registered(f, prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels))
}

func (f factory) counter(name, help string) prometheus.Counter {
	return registered(f, prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}))
}

func (f factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return registered(f, prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels))
}

func (f factory) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return registered(f, prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels))
}

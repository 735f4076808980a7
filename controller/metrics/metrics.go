package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "batch_job_controller"

// Metrics are the controller's own metrics.
type Metrics struct {
	leader            prometheus.Gauge
	configValid       prometheus.Gauge
	executions        *prometheus.CounterVec
	executionsClosed  *prometheus.CounterVec
	executionDuration prometheus.Histogram
	lastExecution     *prometheus.GaugeVec
	nextTick          prometheus.Gauge
	ticksSkipped      *prometheus.CounterVec
	ticksMissed       prometheus.Counter
	nodeTasks         *prometheus.CounterVec
	reasons           *reasons
	tasksInFlight     prometheus.Gauge
	poolSize          prometheus.Gauge
	slotRefill        prometheus.Histogram
	jobCreateErrors   *prometheus.CounterVec
	callbackRequests  *prometheus.CounterVec
	callbackDuration  *prometheus.HistogramVec
	resultSamples     prometheus.Counter
	podLogs           *prometheus.CounterVec
	reportStoreErrors *prometheus.CounterVec
}

// New returns metrics that are registered with reg. It panics if reg has
// metrics of these names already.
func New(reg prometheus.Registerer) *Metrics {
	f := factory{reg}
	m := &Metrics{
		leader:            f.gauge("leader", "Whether this replica is the leader: 1 yes, 0 no."),
		configValid:       f.gauge("config_valid", "Whether the configuration as it is now is valid: 1 yes, 0 no."),
		executions:        f.counters("executions_total", "Executions begun.", "trigger"),
		executionsClosed:  f.counters("executions_closed_total", "Executions that have ended: failed ones have a node that failed or did not report.", "result"),
		executionDuration: f.histogram("execution_duration_seconds", "Time from an execution's scheduled time to its end.", executionBuckets()),
		lastExecution:     f.gauges("last_execution_timestamp_seconds", "When an execution last ended this way.", "result"),
		nextTick:          f.gauge("next_tick_timestamp_seconds", "When the cron expression is due next."),
		ticksSkipped:      f.counters("ticks_skipped_total", "Ticks that began no execution on purpose.", "reason"),
		ticksMissed:       f.counter("ticks_missed_total", "Ticks that were due while there was no leader and were not made up for."),
		nodeTasks:         f.counters("node_tasks_total", "Node tasks that have ended.", "state", "reason"),
		reasons:           newReasons(),
		tasksInFlight:     f.gauge("tasks_in_flight", "Node tasks that hold a slot of the pool."),
		poolSize:          f.gauge("pool_size", "Slots of the pool of the execution that began last."),
		slotRefill:        f.histogram("slot_refill_seconds", "Time from a slot becoming free to the creation of the next Job in it.", refillBuckets()),
		jobCreateErrors:   f.counters("job_create_errors_total", "Attempts to create a Job that failed, by the API server's status code; none if no answer came.", "code"),
		callbackRequests:  f.counters("callback_requests_total", "Callbacks answered.", "kind", "code"),
		callbackDuration:  f.histograms("callback_duration_seconds", "Time taken to answer a callback.", callbackBuckets(), "kind"),
		resultSamples:     f.counter("result_samples_total", "Samples received in results."),
		podLogs:           f.counters("pod_logs_total", "Container logs collected, by what became of them.", "outcome"),
		reportStoreErrors: f.counters("report_store_errors_total", "Operations of the report store that failed.", "operation"),
	}
	m.preset()
	return m
}

func executionBuckets() []float64 {
	return []float64{5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400}
}

// refillBuckets are fine where the time should be.
func refillBuckets() []float64 {
	return []float64{.005, .01, .02, .03, .04, .05, .06, .08, .1, .15, .2, .3, .5, 1, 2, 5}
}

func callbackBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}

// factory makes metrics and registers them.
type factory struct{ reg prometheus.Registerer }

func (f factory) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	f.reg.MustRegister(g)
	return g
}

func (f factory) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	f.reg.MustRegister(g)
	return g
}

func (f factory) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	f.reg.MustRegister(c)
	return c
}

func (f factory) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	f.reg.MustRegister(c)
	return c
}

func (f factory) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
	f.reg.MustRegister(h)
	return h
}

func (f factory) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	f.reg.MustRegister(h)
	return h
}

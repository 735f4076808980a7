package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// The names and the help below are those of the predecessor: dashboards use them.
const (
	labelNode      = "node"
	labelExecution = "executionID"
	latest         = "latest" // the executionID of each node's newest values

	infoName = "com_github_bakito_batch_job_controller"
	infoHelp = "information about github.com/bakito/batch-job-controller"
)

// ResultOptions says what results may contain.
type ResultOptions struct {
	Prefix string
	Gauges []Gauge
	Latest bool // export each node's newest series with executionID="latest" too
	Info   Info
	Limits Limits
}

// Gauge is a gauge that results set.
type Gauge = execution.Gauge

// Info is shown as the labels of a metric whose value is 1.
type Info struct {
	Version       string
	Name          string
	PoolSize      int
	ReportHistory int
	Cron          string
}

func newDesc(prefix, name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+"_"+name, help, labels, nil)
}

func newInfo(prefix string, i Info) (*prometheus.Desc, prometheus.Metric) {
	desc := prometheus.NewDesc(infoName, infoHelp, nil, prometheus.Labels{
		"version":       i.Version,
		"name":          i.Name,
		"prefix":        prefix,
		"poolSize":      strconv.Itoa(i.PoolSize),
		"reportHistory": strconv.Itoa(i.ReportHistory),
		"cron":          i.Cron,
	})
	return desc, constant(desc, 1)
}

// constant returns a metric for one scrape. An invalid metric makes the scrape report its
// error.
func constant(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	m, err := prometheus.NewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return m
}

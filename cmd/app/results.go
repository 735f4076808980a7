package app

import (
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/cmd/version"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// resultOptions returns what results are exported with: the gauges, their limits, and
// what the info metric says.
func resultOptions(cfg config.Config) metrics.ResultOptions {
	o := metrics.ResultOptions{
		Prefix: cfg.Metrics.Prefix,
		Latest: cfg.LatestMetricsLabel,
		Info: metrics.Info{
			Version: version.Own(), Name: cfg.Name, PoolSize: cfg.PodPoolSize,
			ReportHistory: cfg.ReportHistory, Cron: cfg.CronExpression,
		},
		Limits: resultLimits(cfg.Callback.Limits),
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Metrics.Gauges)) {
		gauge := cfg.Metrics.Gauges[name]
		o.Gauges = append(o.Gauges, metrics.Gauge{Name: name, Help: gauge.Help, Labels: gauge.Labels})
	}
	return o
}

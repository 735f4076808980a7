package app

import (
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// resultOptions returns what results are exported with: the gauges, their limits, and
// what the info metric says.
func resultOptions(cfg config.Config) metrics.ResultOptions {
	return metrics.ResultOptions{
		Prefix: cfg.Metrics.Prefix,
		Gauges: cfg.Metrics.Declared(),
		Latest: cfg.LatestMetricsLabel,
		Info: metrics.Info{
			Version: version.Own(), Name: cfg.Name, PoolSize: cfg.PodPoolSize,
			ReportHistory: cfg.ReportHistory, Cron: cfg.CronExpression,
		},
		Limits: resultLimits(cfg),
	}
}

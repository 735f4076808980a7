package app

import (
	"cmp"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert"
)

// someConnections is the default limit of connections to the report port. Package
// httpserver has that of the callback port.
const someConnections = 256

// The functions below distribute callback.limits. The controller reads the limits of
// executions from the configuration itself.

func callbackLimits(l config.Limits) callback.Limits {
	return callback.Limits{
		Result:       l.ResultSize,
		Event:        l.EventSize,
		File:         l.FileSize,
		Upload:       l.UploadSize,
		Parts:        l.UploadParts,
		Headers:      l.HeaderLines,
		Bodies:       l.Bodies,
		PerTask:      l.RequestsPerTask,
		Queue:        l.Queue,
		Wait:         l.QueueDeadline,
		BodyDeadline: l.BodyDeadline,
		FileDeadline: l.FileDeadline,
		FileRate:     l.FileRate,
	}
}

func resultLimits(cfg config.Config) metrics.Limits {
	return metrics.Limits{
		Body:       cfg.Callback.Limits.ResultSize,
		Samples:    cfg.Intake.SamplesPerResult,
		LabelSets:  cfg.Intake.LabelSets,
		LabelValue: cfg.Intake.LabelSize,
		Series:     cfg.Callback.Limits.Series,
	}
}

func storeOptions(l config.Limits) report.Options {
	return report.Options{Reserve: l.Reserve, FreeBytes: l.FreeBytes, FreePercent: l.FreePercent}
}

func (a *app) callbackServer(own *metrics.Metrics) httpserver.Options {
	l := a.config.Callback.Limits
	return httpserver.Options{
		Log:            a.log,
		MaxConnections: l.Connections,
		HeaderDeadline: l.HeaderDeadline,
		ObserveFull:    func() { own.ConnectionsFull("callback") },
		TLS:            a.secure.serving(servingcert.CallbackPort),
	}
}

func (a *app) reportServer(own *metrics.Metrics) httpserver.Options {
	return httpserver.Options{
		Log:            a.log,
		MaxConnections: cmp.Or(a.config.Callback.Limits.ReportConnections, someConnections),
		ObserveFull:    func() { own.ConnectionsFull("report") },
		TLS:            a.secure.serving(servingcert.ReportPort),
	}
}

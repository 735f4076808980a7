package config

import (
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Limits bounds the requests of job pods to the callback server and what it protects. A
// field that is zero has its default, which the package that enforces the limit declares.
type Limits struct {
	// Of one request.
	ResultSize  int64
	EventSize   int64
	FileSize    int64
	UploadSize  int64 // of a form with files
	UploadParts int   // of such a form
	HeaderLines int

	// Of the time for a request.
	HeaderDeadline time.Duration
	BodyDeadline   time.Duration // of results and events
	FileDeadline   time.Duration // of files, on top of what FileRate allows
	FileRate       int64         // bytes per second

	// Of a node task.
	RequestsPerTask int // at once

	// Of all node tasks together.
	EventsPerSecond int
	Series          int
	FreeBytes       int64 // that must be free for a file to be accepted
	FreePercent     int   // of the volume, likewise; the smaller applies
	Reserve         int64 // that files and logs leave free

	// Of the server.
	Bodies            int // requests processed at once
	Queue             int // waiting requests of each kind
	QueueDeadline     time.Duration
	Connections       int
	ReportConnections int
}

// Intake bounds what the pods of one execution may send. A field that is zero has its
// default, as in Limits; Decode sets all of them.
type Intake struct {
	// Of one result.
	SamplesPerResult int
	LabelSets        int // of one gauge
	LabelSize        int

	// Of a node task.
	FilesPerTask   int
	BytesPerTask   int64 // of its files
	ResultsPerTask int
	EventsPerTask  int
	EventBurst     int
	EventInterval  time.Duration

	BytesPerExecution int64 // of the files of all node tasks
}

const (
	leastPatience = 100 * time.Millisecond
	// maxQueueDeadline is short enough that a replica which has forwarded a request still
	// waits for the response, even if the leader's term has yet to begin.
	maxQueueDeadline = 40 * time.Second

	ki = 1 << 10
	mi = 1 << 20
	gi = 1 << 30
	ti = 1 << 40
)

// keysOfLimits returns the keys below callback.limits. An execution keeps the limits of
// its own node tasks, which are those of its definition. The other limits belong to the
// server and the report store, which are built at the start.
func keysOfLimits(l *Limits, in *Intake) []schema.Key {
	return []schema.Key{
		limit(execution.ResultSize, Restart, schema.Size(&l.ResultSize, ki, 4*mi), "1Mi", "a result; at most `4Mi`"),
		limit(execution.EventSize, Restart, schema.Size(&l.EventSize, ki, mi), "16Ki", "an event"),
		limit(execution.FileSize, Restart, schema.Size(&l.FileSize, ki, 10*gi), "32Mi", "a file"),
		limit(execution.UploadSize, Restart, schema.Size(&l.UploadSize, ki, 10*gi), "64Mi", "a form with several files"),
		limit(execution.UploadParts, Restart, schema.Number(&l.UploadParts, 0, 1, 1_000), "16", "parts of a form; those before the excess stay stored"),
		limit(execution.HeaderLines, Restart, schema.Number(&l.HeaderLines, 0, 16, 1_000), "64", "header lines of a request (431) or of a part (400)"),
		intakeLimit(execution.SamplesPerResult, schema.Number(&in.SamplesPerResult, 0, 1, 100_000), "1000", "values in a result"),
		intakeLimit(execution.LabelSets, schema.Number(&in.LabelSets, 0, 1, 100_000), "100", "values of one gauge in a result"),
		intakeLimit(execution.LabelSize, schema.Size(&in.LabelSize, 1, 4*ki), "128", "bytes of a label's value"),
		limit("headerDeadline", Restart, schema.Duration(&l.HeaderDeadline, 0, leastPatience, time.Hour), "5s", "time for a request's header"),
		limit(execution.BodyDeadline, Restart, schema.Duration(&l.BodyDeadline, 0, leastPatience, time.Hour), "10s", "time for a result or an event"),
		limit("fileDeadline", Restart, schema.Duration(&l.FileDeadline, 0, leastPatience, time.Hour), "30s", "time that a file may stall or lag behind `fileRate`; counted as `fileRate`"),
		limit(execution.FileRate, Restart, schema.Size(&l.FileRate, 1, 16*mi), "64Ki", "bytes of a file per second"),
		limit(execution.RequestsPerTask, Restart, schema.Number(&l.RequestsPerTask, 0, 1, 1_000), "8", "concurrent requests of a node; eight times as many wait up to `queueDeadline`"),
		intakeLimit(execution.FilesPerTask, schema.Number(&in.FilesPerTask, 0, 1, 100_000), "64", "files of a node in an execution; a repeated name is the same file"),
		intakeLimit(execution.BytesPerTask, schema.Size(&in.BytesPerTask, ki, ti), "128Mi", "bytes of all files of a node in an execution"),
		intakeLimit(execution.ResultsPerTask, schema.Number(&in.ResultsPerTask, 0, 1, 1_000_000), "20", "results of a node in an execution"),
		intakeLimit(execution.EventsPerTask, schema.Number(&in.EventsPerTask, 0, 1, 1_000_000), "30", "events of a node in an execution"),
		intakeLimit("eventBurst", schema.Number(&in.EventBurst, 0, 1, 1_000), "10", "a node's events at once; counted as `eventInterval`"),
		intakeLimit(execution.EventInterval, schema.Duration(&in.EventInterval, 0, leastPatience, time.Hour), "30s", "time between a node's events after its burst"),
		limit(execution.EventsPerSecond, NextExecution, schema.Number(&l.EventsPerSecond, 0, 1, 1_000), "20", "events of all nodes together"),
		intakeLimit(execution.BytesPerExecution, schema.Size(&in.BytesPerExecution, ki, 1_000*ti), "20Gi", "bytes of all files of an execution"),
		limit(execution.FreeBytes, Restart, schema.Size(&l.FreeBytes, 1, 1_000*ti), "1Gi", "free space that the report directory needs for a file"),
		limit("freePercent", Restart, schema.Number(&l.FreePercent, 0, 1, 90), "10", "`freeBytes` in percent of the volume; the smaller applies, counted as `freeBytes`"),
		limit(execution.Reserve, Restart, schema.Size(&l.Reserve, 1, ti), "64Mi", "free space that files and pod logs leave to results, which are stored while they fit"),
		limit("series", AtOnce, schema.Number(&l.Series, 0, 1, 10_000_000), "200000", "exported [series](metrics.md#of-the-jobs) of all nodes and executions; the oldest executions are dropped"),
		limit("bodies", Restart, schema.Number(&l.Bodies, 0, 4, 1_000), "64", "concurrent results and files, half each, and a quarter as many events"),
		limit(execution.Queue, Restart, schema.Number(&l.Queue, 0, 1, 100_000), "1024", "waiting requests of each kind"),
		limit(execution.QueueDeadline, Restart, schema.Duration(&l.QueueDeadline, 0, leastPatience, maxQueueDeadline), "30s", "time that a request waits, at most `40s`"),
		limit("connections", Restart, schema.Number(&l.Connections, 0, 16, 100_000), "2048", "connections to the callback port"),
		limit("reportConnections", Restart, schema.Number(&l.ReportConnections, 0, 16, 100_000), "256", "connections to the report port"),
	}
}

// limit is a key of callback.limits. An absent one is 0, which means the default of the
// package that enforces the limit; absent documents it.
func limit(name execution.Limit, applies ReloadPolicy, v schema.Value, absent, help string) schema.Key {
	return schema.KeyOf(string(name), applies, v.AbsentIs("`"+absent+"`"), help)
}

// intakeLimit is a limit that an execution keeps. An absent one is read as its default, so
// that a NodeCronJob that is written from a definition has what the API server would add.
func intakeLimit(name execution.Limit, v schema.Value, absent, help string) schema.Key {
	var standard any = absent
	if v.Kind == document.Number {
		standard = json.Number(absent)
	}
	read := v.Read
	v.Read = func(f *schema.Findings, at *field.Path, given any) {
		if given == nil {
			given = standard
		}
		read(f, at, given)
	}
	return limit(name, NextExecution, v, absent, help)
}

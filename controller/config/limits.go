package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Limits bounds what job pods may ask of the server. A field that is zero has
// its default, which is the business of what it bounds.
type Limits struct {
	// Of one request.
	ResultSize       int64
	EventSize        int64
	FileSize         int64
	UploadSize       int64 // of a form with files
	UploadParts      int   // of such a form
	HeaderLines      int
	SamplesPerResult int
	LabelSets        int // of one gauge in a result
	LabelSize        int

	// Of how slowly it may come.
	HeaderDeadline time.Duration
	BodyDeadline   time.Duration // of results and events
	FileDeadline   time.Duration // of files, on top of what FileRate allows
	FileRate       int64         // bytes per second

	// Of a node task.
	RequestsPerTask int // at once
	FilesPerTask    int
	BytesPerTask    int64 // of its files
	ResultsPerTask  int
	EventsPerTask   int
	EventBurst      int
	EventInterval   time.Duration

	// Of all together.
	EventsPerSecond   int
	BytesPerExecution int64 // of its files
	Series            int
	FreeBytes         int64 // that files leave
	FreePercent       int
	Reserve           int64 // that logs leave

	// Of the server.
	Bodies            int // worked on at once
	Queue             int
	QueueDeadline     time.Duration
	Connections       int
	ReportConnections int
}

const (
	leastPatience = 100 * time.Millisecond
	// maxQueueDeadline is so short that a replica which has passed a request on
	// still waits for the answer, also if the leader then waits for its term.
	maxQueueDeadline = 40 * time.Second

	ki = 1 << 10
	mi = 1 << 20
	gi = 1 << 30
	ti = 1 << 40
)

// limits takes the mapping of the same name.
func (o *object) limits() Limits {
	m, _ := o.object("limits")
	l := Limits{
		ResultSize:       m.size(execution.ResultSize, ki, 4*mi),
		EventSize:        m.size(execution.EventSize, ki, mi),
		FileSize:         m.size(execution.FileSize, ki, 10*gi),
		UploadSize:       m.size(execution.UploadSize, ki, 10*gi),
		UploadParts:      m.count(execution.UploadParts, 1, 1_000),
		HeaderLines:      m.count(execution.HeaderLines, 16, 1_000),
		SamplesPerResult: m.count(execution.SamplesPerResult, 1, 100_000),
		LabelSets:        m.count(execution.LabelSets, 1, 100_000),
		LabelSize:        int(m.size(execution.LabelSize, 1, 4*ki)),

		HeaderDeadline: m.patience("headerDeadline"),
		BodyDeadline:   m.patience(execution.BodyDeadline),
		FileDeadline:   m.patience("fileDeadline"),
		FileRate:       m.size(execution.FileRate, 1, 16*mi),

		RequestsPerTask: m.count(execution.RequestsPerTask, 1, 1_000),
		FilesPerTask:    m.count(execution.FilesPerTask, 1, 100_000),
		BytesPerTask:    m.size(execution.BytesPerTask, ki, ti),
		ResultsPerTask:  m.count(execution.ResultsPerTask, 1, 1_000_000),
		EventsPerTask:   m.count(execution.EventsPerTask, 1, 1_000_000),
		EventBurst:      m.count("eventBurst", 1, 1_000),
		EventInterval:   m.patience(execution.EventInterval),

		EventsPerSecond:   m.count(execution.EventsPerSecond, 1, 1_000),
		BytesPerExecution: m.size(execution.BytesPerExecution, ki, 1_000*ti),
		Series:            m.count("series", 1, 10_000_000),
		FreeBytes:         m.size(execution.FreeBytes, 1, 1_000*ti),
		FreePercent:       m.count("freePercent", 1, 90),
		Reserve:           m.size(execution.Reserve, 1, ti),

		Bodies:            m.count("bodies", 4, 1_000),
		Queue:             m.count(execution.Queue, 1, 100_000),
		QueueDeadline:     m.durationBetween(string(execution.QueueDeadline), 0, leastPatience, maxQueueDeadline, seconds),
		Connections:       m.count("connections", 16, 100_000),
		ReportConnections: m.count("reportConnections", 16, 100_000),
	}
	m.close()
	return l
}

// count takes a whole number; an absent one is 0.
func (o *object) count(key execution.Limit, least, most int) int {
	return o.number(string(key), 0, least, most)
}

// patience takes a duration; an absent one is 0.
func (o *object) patience(key execution.Limit) time.Duration {
	return o.durationBetween(string(key), 0, leastPatience, time.Hour, seconds)
}

// size takes a number of bytes as Kubernetes writes it; an absent one is 0.
func (o *object) size(limit execution.Limit, least, most int64) int64 {
	key := string(limit)
	o.declare(key, declaration{kind: aSize, least: least, most: most})
	value, ok := o.take(key)
	if !ok {
		return 0
	}
	path := o.child(key)
	must := fmt.Sprintf("must be a size from %s to %s, such as 64Ki or 32Mi", bytesOf(least), bytesOf(most))
	text, ok := sizeText(value)
	if !ok {
		o.wrongType(path, value, strings.TrimPrefix(must, "must be "))
		return 0
	}
	quantity, err := resource.ParseQuantity(text)
	n := quantity.Value() // rounded up
	if err != nil || quantity.CmpInt64(n) != 0 || n < least || n > most {
		if short, ok := strings.CutSuffix(text, "iB"); ok {
			must += fmt.Sprintf(": did you mean %si?", short)
		}
		o.report(field.Invalid(path, shown(value), must))
		return 0
	}
	return n
}

// sizeText returns a size as text: one without a unit is a number in YAML.
func sizeText(value json.RawMessage) (text string, ok bool) {
	switch kindOf(value) {
	case aNumber:
		return string(value), true
	case aText:
		err := json.Unmarshal(value, &text)
		return text, err == nil
	default:
		return "", false
	}
}

func bytesOf(n int64) string { return resource.NewQuantity(n, resource.BinarySI).String() }

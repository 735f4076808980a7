package callback

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Options are the options of a handler. The zero value is usable.
type Options struct {
	Log *slog.Logger     // nil: nothing is logged
	Now func() time.Time // the clock, also of connections; nil: time.Now

	// Observe is called for every response. The kind is that of the route, or "other"
	// if no route matched.
	Observe func(kind string, code int, d time.Duration)

	// Authenticate checks that a request comes from the node task in its path, before
	// the body is read. The credential is a token, or empty. Its error is mapped like
	// a Recorder's; execution.DeniedError is for it. Nil accepts every client.
	Authenticate func(ctx context.Context, key execution.Key, credential string) error
	// AdmitReview is called before Authenticate, with the client's address, to limit
	// expensive reviews. Its error is mapped like that of Authenticate. The returned
	// function gets the error of Authenticate. Nil admits every request.
	AdmitReview func(ctx context.Context, key execution.Key, address, credential string) (settle func(error), err error)
	// ObserveDenied is called for each denied request.
	ObserveDenied func(execution.DenyReason)

	// Leader finds the replica that accepts callbacks, which listens on ForwardPort.
	// Nil: always this one.
	Leader      FindLeader
	ForwardPort string
	ForwardTLS  httpserver.ForwardTLS // nil: plain HTTP
	// ObserveForward is called for each forwarded request, with answered or failed.
	ObserveForward func(outcome string)
	// ObserveLimit is called for each request that exceeded a limit.
	ObserveLimit func(kind string, limit execution.Limit)

	// Redactor redacts callback credentials in events; nil: no redaction. The Recorder
	// redacts results. Files are stored unchanged.
	Redactor *route.Redactor
	// ObserveRedacted is called with the number of redacted credentials in an event or
	// a result.
	ObserveRedacted func(kind string, n int)

	Limits Limits
}

// Limits bounds callbacks. A field that is zero has its default.
type Limits struct {
	Result  int64         // bytes of a result
	Event   int64         // bytes of an event
	File    int64         // bytes of a file
	Upload  int64         // bytes of a request with several files
	Parts   int           // parts of such a request
	Headers int           // header lines of a request or of a part
	Bodies  int           // results and files in progress, half of each, and events, a quarter of it
	PerTask int           // requests of a node task in progress; eight times as many may wait
	Queue   int           // requests of each kind in the queue
	Wait    time.Duration // how long a request waits in the queue
	Hold    time.Duration // how long a request waits while there is no leader: longer than a Lease lasts

	BodyDeadline time.Duration // for receiving a result or an event
	FileDeadline time.Duration // for receiving a file, in addition to FileRate, and between two reads
	FileRate     int64         // bytes of a file per second
}

// WithDefaults returns the limits with the defaults of fields that are zero. Their texts for
// the documentation are in config/callbacklimits.go.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Result:  cmp.Or(l.Result, 1<<20),
		Event:   cmp.Or(l.Event, 16<<10),
		File:    cmp.Or(l.File, 32<<20),
		Upload:  cmp.Or(l.Upload, 64<<20),
		Parts:   cmp.Or(l.Parts, 16),
		Headers: cmp.Or(l.Headers, 64),
		Bodies:  cmp.Or(l.Bodies, 64),
		PerTask: cmp.Or(l.PerTask, 8),
		Queue:   cmp.Or(l.Queue, 1024),
		Wait:    cmp.Or(l.Wait, 30*time.Second),
		Hold:    cmp.Or(l.Hold, 30*time.Second),

		BodyDeadline: cmp.Or(l.BodyDeadline, 10*time.Second),
		FileDeadline: cmp.Or(l.FileDeadline, 30*time.Second),
		FileRate:     cmp.Or(l.FileRate, 64<<10),
	}
}

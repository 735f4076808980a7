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

// Options is what a handler can do without. The zero value is of use.
type Options struct {
	Log *slog.Logger // nil: nothing is logged

	// Observe is told of every request that was answered. The kind is that of
	// the route, or "other" when no route matched.
	Observe func(kind string, code int, d time.Duration)

	// Authenticate is asked before anything of the body is looked at whether
	// the request comes from the node task it speaks for. The credential is a
	// token, or empty if the request has none. Its error is answered like a
	// Recorder's; execution.DeniedError is for it. Nil lets everybody in.
	Authenticate func(ctx context.Context, key execution.Key, credential string) error
	// AdmitReview is asked before Authenticate, with the address that the request
	// comes from, if looking at the credential may be dear. Its error is answered
	// like that of Authenticate; what it returns is told what that said. Nil
	// admits everything.
	AdmitReview func(ctx context.Context, key execution.Key, address, credential string) (settle func(error), err error)
	// ObserveDenied is told of each request that was denied, and why.
	ObserveDenied func(execution.DenyReason)

	// Leader finds the replica that takes callbacks, which listens on
	// ForwardPort. Nil: it is always this one.
	Leader      FindLeader
	ForwardPort string
	ForwardTLS  httpserver.ForwardTLS // nil: by plain HTTP
	// ObserveForward is told what came of each request that was passed on:
	// answered or failed.
	ObserveForward func(outcome string)
	// ObserveLimit is told of every request that was refused because it was over
	// a limit.
	ObserveLimit func(kind string, limit execution.Limit)

	// Redactor covers the credentials of callbacks in events; nil: nothing is. In
	// results the Recorder covers them. Files are kept as they are.
	Redactor *route.Redactor
	// ObserveRedacted is told how many there were, in events and results.
	ObserveRedacted func(kind string, n int)

	Limits Limits
}

// Limits bounds what pods may ask of the server. A field that is zero has its
// default.
type Limits struct {
	Result  int64         // bytes of a result; 1 MiB
	Event   int64         // bytes of an event; 16 KiB
	File    int64         // bytes of a file; 32 MiB
	Upload  int64         // bytes of a request with several files; 64 MiB
	Parts   int           // parts of such a request; 16
	Headers int           // header lines of a request or of a part; 64
	Bodies  int           // results and files worked on at once, half of each, and half as many events; 64
	PerTask int           // requests of a node task that take part in that, eight times as many wait; 8
	Queue   int           // requests of each sort that wait for that; 1024
	Wait    time.Duration // how long they do; 30s
	Hold    time.Duration // how long a request waits while nobody leads; 30s

	BodyDeadline time.Duration // for a result or an event to come; 10s
	FileDeadline time.Duration // for a file, on top of what FileRate allows, and between two reads; 30s
	FileRate     int64         // bytes of a file that come in a second; 64 KiB
}

func (l Limits) withDefaults() Limits {
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

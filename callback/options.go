package callback

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Options is what a handler can do without. The zero value is of use.
type Options struct {
	Log *slog.Logger // nil: nothing is logged

	// Observe is told of every request that was answered. The kind is that of
	// the route, or "other" when no route matched.
	Observe func(kind string, code int, d time.Duration)

	// Authenticate is asked before anything of the body is looked at whether
	// the request comes from the node task it speaks for. Its error is
	// answered like a Recorder's; ErrUnauthenticated is for it. Nil lets
	// everybody in.
	Authenticate func(c *gin.Context, key execution.Key) error

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
	Bodies  int           // bodies worked on at once, half of them files; 64
	Queue   int           // requests of either sort that wait for that; 1024
	Wait    time.Duration // how long they do; 30s
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
		Queue:   cmp.Or(l.Queue, 1024),
		Wait:    cmp.Or(l.Wait, 30*time.Second),
	}
}

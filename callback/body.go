package callback

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// pace is how slowly a body may come: its reads may take grace in total, more
// by what was received at rate, and none longer than idle.
type pace struct {
	grace time.Duration
	idle  time.Duration // 0: as long as the rest
	rate  int64         // bytes per second; 0: grace is all there is
}

// left returns how long the next read may take.
func (p pace) left(received int64, spent time.Duration) time.Duration {
	allowed := p.grace - spent
	if p.rate > 0 {
		allowed += time.Duration(received) * time.Second / time.Duration(p.rate)
	}
	if p.idle > 0 {
		allowed = min(allowed, p.idle)
	}
	return allowed
}

// limit is the limit that a body does not keep which comes too slowly.
func (p pace) limit() execution.Limit {
	if p.rate > 0 {
		return execution.FileRate
	}
	return execution.BodyDeadline
}

// bound is how large something may be, and the limit that says so.
type bound struct {
	limit execution.Limit
	bytes int64
}

func (b bound) tooLarge() error {
	return &execution.LimitError{
		Limit: b.limit, Err: execution.ErrTooLarge,
		Message: fmt.Sprintf("at most %d bytes", b.bytes),
	}
}

// Why a body did not come to its end.
var (
	errSlow   = errors.New("the body comes too slowly")
	errBroken = errors.New("the body is malformed or ends early")
)

const unlimited = -1

// body reads the body of a request under its limits and remembers how that
// ended. Only the time spent reading counts against the client.
type body struct {
	from     io.Reader
	limit    bound
	conn     *http.ResponseController
	pace     pace
	received int64
	spent    time.Duration
	ration   int64 // bytes that may be read until it is lifted, or unlimited
	err      error // the end of it, which is io.EOF when it is complete

	keeping bool   // what was read can be read again: it is kept
	most    int    // bytes that may be kept
	kept    []byte // all that was received, while keeping
	at      int    // where in it the next read begins
}

func newBody(from io.Reader, limit bound, conn *http.ResponseController, p pace) *body {
	return &body{from: from, limit: limit, conn: conn, pace: p, ration: unlimited, most: maxKept}
}

func (b *body) Read(p []byte) (int, error) {
	replays := b.at < len(b.kept)
	if b.err != nil && (!replays || !errors.Is(b.err, io.EOF)) {
		return 0, b.err
	}
	if b.ration != unlimited {
		if b.ration == 0 {
			b.err = &execution.InvalidError{Message: fmt.Sprintf("the headers of a part must not exceed %d bytes", partHeaderBytes)}
			return 0, b.err
		}
		p = p[:min(int64(len(p)), b.ration)]
	}
	if replays {
		n := copy(p, b.kept[b.at:])
		b.at += n
		b.spend(n)
		return n, nil
	}
	start := time.Now()
	_ = b.conn.SetReadDeadline(start.Add(b.pace.left(b.received, b.spent)))
	n, err := b.from.Read(p)
	b.spent += time.Since(start)
	b.received += int64(n)
	b.keep(p[:n])
	b.spend(n)
	if err != nil {
		b.end(err)
	}
	return n, b.err
}

func (b *body) spend(n int) {
	if b.ration != unlimited {
		b.ration -= int64(n)
	}
}

// maxKept bounds what is kept of a body, in bytes, unless it is a result or an
// event that may be larger.
const maxKept = 1 << 20

func (b *body) keep(p []byte) {
	if !b.keeping {
		return
	}
	if len(b.kept)+len(p) > b.most {
		b.keeping, b.kept, b.at = false, nil, 0
		return
	}
	b.kept = append(b.kept, p...)
	b.at = len(b.kept)
}

// rewind has the body read from its beginning again. It reports whether that
// is possible.
func (b *body) rewind() bool {
	if b.keeping {
		b.at = 0
	}
	return b.keeping || b.received == 0
}

// begin reads as much of the body as is kept, and reports whether that is all.
func (b *body) begin() (text []byte, whole bool, err error) {
	buffer := make([]byte, 32<<10)
	for b.err == nil && len(b.kept) < b.most {
		_, _ = b.Read(buffer[:min(len(buffer), b.most-len(b.kept))]) // the error is remembered
	}
	return b.kept, b.err != nil, b.broken()
}

func (b *body) end(err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		b.err = io.EOF
		// From here on the server watches for the client to hang up, and would
		// take the deadline for it.
		_ = b.conn.SetReadDeadline(time.Time{})
	case errors.As(err, &tooLarge):
		b.err = b.limit.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.err = &slowError{limit: b.pace.limit(), err: err}
	default:
		b.err = fmt.Errorf("%w: %w", errBroken, err)
	}
}

// broken returns why the body did not come to its end, or nil if it did or may
// still do so.
func (b *body) broken() error {
	if errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

// slowError is that a body came too slowly.
type slowError struct {
	limit execution.Limit
	err   error
}

func (e *slowError) Error() string   { return fmt.Sprintf("%s: %s", errSlow, e.err) }
func (e *slowError) Unwrap() []error { return []error{errSlow, e.err} }

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
	limit    int64
	conn     *http.ResponseController
	pace     pace
	received int64
	spent    time.Duration
	ration   int64 // bytes that may be read until it is lifted, or unlimited
	err      error // the end of it, which is io.EOF when it is complete
}

func newBody(from io.Reader, limit int64, conn *http.ResponseController, p pace) *body {
	return &body{from: from, limit: limit, conn: conn, pace: p, ration: unlimited}
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.ration != unlimited {
		if b.ration == 0 {
			b.err = &execution.InvalidError{Message: fmt.Sprintf("the headers of a part must not exceed %d bytes", partHeaderBytes)}
			return 0, b.err
		}
		p = p[:min(int64(len(p)), b.ration)]
	}
	start := time.Now()
	_ = b.conn.SetReadDeadline(start.Add(b.pace.left(b.received, b.spent)))
	n, err := b.from.Read(p)
	b.spent += time.Since(start)
	b.received += int64(n)
	if b.ration != unlimited {
		b.ration -= int64(n)
	}
	if err != nil {
		b.end(err)
	}
	return n, b.err
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
		b.err = tooLargeError(b.limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.err = fmt.Errorf("%w: %w", errSlow, err)
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

func tooLargeError(limit int64) error {
	return told(execution.ErrTooLarge, "at most %d bytes", limit)
}

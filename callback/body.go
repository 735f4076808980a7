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

// readBudget is how long the reads of a body may take: grace in total, plus the
// time of the received bytes at rate, and no read longer than idle.
type readBudget struct {
	grace time.Duration
	idle  time.Duration // 0: no limit
	rate  int64         // bytes per second; 0: only grace
}

// left returns how long the next read may take.
func (p readBudget) left(received int64, spent time.Duration) time.Duration {
	allowed := p.grace - spent
	if p.rate > 0 {
		allowed += time.Duration(received) * time.Second / time.Duration(p.rate)
	}
	if p.idle > 0 {
		allowed = min(allowed, p.idle)
	}
	return allowed
}

// limit is the limit that a slow body exceeds.
func (p readBudget) limit() execution.Limit {
	if p.rate > 0 {
		return execution.FileRate
	}
	return execution.BodyDeadline
}

// bound is a maximum size, and the limit that defines it.
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

// Why a body is incomplete.
var (
	errSlow   = errors.New("the body arrives too slowly")
	errBroken = errors.New("the body is malformed or ends early")
)

const unlimited = -1

// body reads the body of a request within its limits and stores how that ended.
// Only the time spent reading counts against the client.
type body struct {
	from     io.Reader
	limit    bound
	conn     *http.ResponseController
	budget   readBudget
	received int64
	spent    time.Duration
	ration   int64 // bytes that may be read for now, or unlimited
	err      error // how the body ended: io.EOF if it is complete

	keeping bool   // received bytes are kept, so that they can be read again
	most    int    // bytes that may be kept
	kept    []byte // all received bytes, while keeping
	at      int    // position of the next read in kept
}

func newBody(from io.Reader, limit bound, conn *http.ResponseController, p readBudget) *body {
	return &body{from: from, limit: limit, conn: conn, budget: p, ration: unlimited, most: maxKept}
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
	_ = b.conn.SetReadDeadline(start.Add(b.budget.left(b.received, b.spent))) // it fails on a closed connection only, which the read reports
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

// maxKept bounds the kept bytes of a body, unless it is a result or an event that
// may be larger.
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

// rewind makes the next read start at the beginning again. It reports whether that is
// possible.
func (b *body) rewind() bool {
	if b.keeping {
		b.at = 0
	}
	return b.keeping || b.received == 0
}

// begin reads as much of the body as may be kept, and reports whether that is all.
func (b *body) begin() (text []byte, whole bool, err error) {
	buffer := make([]byte, 32<<10)
	for b.err == nil && len(b.kept) < b.most {
		_, _ = b.Read(buffer[:min(len(buffer), b.most-len(b.kept))]) // the error is stored
	}
	return b.kept, b.err != nil, b.broken()
}

func (b *body) end(err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		b.err = io.EOF
		// From here on net/http watches for a disconnect of the client, and would
		// mistake the deadline for one.
		_ = b.conn.SetReadDeadline(time.Time{})
	case errors.As(err, &tooLarge):
		b.err = b.limit.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.err = &slowError{limit: b.budget.limit(), err: err}
	default:
		b.err = fmt.Errorf("%w: %w", errBroken, err)
	}
}

// broken returns why the body is incomplete, or nil if it is complete or may still
// become so.
func (b *body) broken() error {
	if errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

// slowError says that a body arrived too slowly.
type slowError struct {
	limit execution.Limit
	err   error
}

func (e *slowError) Error() string   { return fmt.Sprintf("%s: %s", errSlow, e.err) }
func (e *slowError) Unwrap() []error { return []error{errSlow, e.err} }

package limits

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Size is a maximum size, and the limit that defines it.
type Size struct {
	Limit execution.Limit
	Bytes int64
}

// TooLarge returns the error of what is larger.
func (s Size) TooLarge() error {
	return &execution.LimitError{
		Limit: s.Limit, Err: execution.ErrTooLarge,
		Message: fmt.Sprintf("at most %d bytes", s.Bytes),
	}
}

// Why a body is incomplete.
var (
	ErrSlow   = errors.New("the body arrives too slowly")
	ErrBroken = errors.New("the body is malformed or ends early")
)

// connection is where a body comes from.
type connection interface {
	SetReadDeadline(deadline time.Time) error
}

// Body reads the body of a request within its limits and stores how that ended.
// Only the time spent reading counts against the client.
type Body struct {
	from     io.Reader
	size     Size
	conn     connection
	budget   ReadBudget
	now      func() time.Time // also the clock of the connection's deadlines
	received int64
	spent    time.Duration
	ration   int64 // bytes that may be read for now
	beyond   error // how the body ends if more are read
	err      error // how the body ended: io.EOF if it is complete

	keeping bool   // received bytes are kept, so that they can be read again
	most    int    // bytes that may be kept
	kept    []byte // all received bytes, while keeping
	at      int    // position of the next read in kept
}

// NewBody returns the body of a request. From is to end with a *http.MaxBytesError when
// it exceeds the size.
func NewBody(from io.Reader, size Size, conn connection, budget ReadBudget, now func() time.Time) *Body {
	return &Body{from: from, size: size, conn: conn, budget: budget, now: now, ration: math.MaxInt64}
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	replays := b.at < len(b.kept)
	if b.err != nil && (!replays || !errors.Is(b.err, io.EOF)) {
		return 0, b.err
	}
	if b.ration == 0 {
		b.err = b.beyond
		return 0, b.err
	}
	p = p[:min(int64(len(p)), b.ration)]
	if replays {
		n := copy(p, b.kept[b.at:])
		b.at += n
		b.ration -= int64(n)
		return n, nil
	}
	start := b.now()
	_ = b.conn.SetReadDeadline(start.Add(b.budget.left(b.received, b.spent))) // it fails on a closed connection only, which the read reports
	n, err := b.from.Read(p)
	b.spent += b.now().Sub(start)
	b.received += int64(n)
	b.keep(p[:n])
	b.ration -= int64(n)
	if err != nil {
		b.end(err)
	}
	return n, b.err
}

// Ration bounds the bytes that are read from here on. Reading more of them ends the body
// with the error.
func (b *Body) Ration(bytes int64, beyond error) { b.ration, b.beyond = bytes, beyond }

// Received returns how many bytes have arrived.
func (b *Body) Received() int64 { return b.received }

// Keep makes the body keep what is read, if these are at most so many bytes, so that it
// can be read again.
func (b *Body) Keep(most int) { b.keeping, b.most = true, most }

func (b *Body) keep(p []byte) {
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

// Rewind makes the next read start at the beginning again. It reports whether that is
// possible.
func (b *Body) Rewind() bool {
	if b.keeping {
		b.at = 0
	}
	return b.keeping || b.received == 0
}

// Begin reads as much of the body as may be kept, and reports whether that is all.
func (b *Body) Begin() (text []byte, whole bool, err error) {
	buffer := make([]byte, 32<<10)
	for b.err == nil && len(b.kept) < b.most {
		_, _ = b.Read(buffer[:min(len(buffer), b.most-len(b.kept))]) // the error is stored
	}
	return b.kept, b.err != nil, b.Broken()
}

func (b *Body) end(err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		b.err = io.EOF
		// From here on net/http watches for a disconnect of the client, and would
		// mistake the deadline for one.
		_ = b.conn.SetReadDeadline(time.Time{})
	case errors.As(err, &tooLarge):
		b.err = b.size.TooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.err = &slowError{limit: b.budget.limit(), err: err}
	default:
		b.err = fmt.Errorf("%w: %w", ErrBroken, err)
	}
}

// Ended returns how the body ended: io.EOF if it is complete, nil if it has not ended.
func (b *Body) Ended() error { return b.err }

// Broken returns why the body is incomplete, or nil if it is complete or may still
// become so.
func (b *Body) Broken() error {
	if errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

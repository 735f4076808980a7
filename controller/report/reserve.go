package report

import (
	"cmp"
	"fmt"
	"io"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// What files and logs leave for results unless Options say otherwise.
const (
	DefaultReserve     = 64 << 20 // bytes
	DefaultFreeBytes   = 1 << 30
	DefaultFreePercent = 10
)

const (
	// lookEvery is how much of a file is written between two looks at what is
	// left. All uploads and logs that are written at once may use up as much
	// of the reserve, each.
	lookEvery = 1 << 20
)

// Options are what a Store can do without. The zero value is of use.
type Options struct {
	// Reserve is how many bytes must be free for a file or a log to be taken;
	// 0: DefaultReserve; negative: none need be. Results and the reports of
	// executions are written as long as anything fits.
	Reserve int64
	// FreeBytes and FreePercent are what must be free for a file to be taken:
	// the smaller of the two, because a tenth of a large disk is much, and so
	// is a gibibyte of a small one. 0: DefaultFreeBytes, DefaultFreePercent.
	FreeBytes   int64
	FreePercent int
}

func (o Options) withDefaults() Options {
	return Options{
		Reserve:     cmp.Or(o.Reserve, DefaultReserve),
		FreeBytes:   cmp.Or(o.FreeBytes, DefaultFreeBytes),
		FreePercent: cmp.Or(o.FreePercent, DefaultFreePercent),
	}
}

// leave is what must stay free.
type leave struct {
	bytes int64
	limit execution.Limit // that says so
}

// logsLeave is the reserve.
func (s *Store) logsLeave() leave { return leave{bytes: s.options.Reserve, limit: execution.Reserve} }

// filesLeave is at least the reserve. A disk that does not tell its size is
// taken for a large one.
func (s *Store) filesLeave() leave {
	l := leave{bytes: s.options.FreeBytes, limit: execution.FreeBytes}
	if size, err := s.disk.Size(); err == nil {
		l.bytes = min(l.bytes, size/100*int64(s.options.FreePercent))
	}
	if least := s.logsLeave(); l.bytes < least.bytes {
		return least
	}
	return l
}

// sparing bounds a content by what must stay free, before and while it is
// written.
func (s *Store) sparing(l leave, write content) content {
	spare := func() error { return s.spare(l) }
	return func(w io.Writer) error {
		if err := spare(); err != nil {
			return err
		}
		return write(&sparingWriter{to: w, spare: spare})
	}
}

// spare refuses what may wait once too little is free. A disk that does not tell
// what is free is not full until it says so itself.
func (s *Store) spare(l leave) error {
	free, err := s.disk.Free()
	if err != nil {
		return nil //nolint:nilerr // the write will show what is wrong
	}
	s.free.Store(free)
	if free >= l.bytes {
		return nil
	}
	return &execution.LimitError{
		Limit: l.limit, Err: execution.ErrNoSpace,
		Message: fmt.Sprintf("%d bytes are free, and %d are reserved for results", max(free, 0), l.bytes),
	}
}

// sparingWriter asks again after every so many bytes.
type sparingWriter struct {
	to    io.Writer
	spare func() error
	since int // bytes, since it asked
}

func (w *sparingWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		if w.since == lookEvery {
			if err := w.spare(); err != nil {
				return written, err
			}
			w.since = 0
		}
		var n int
		n, err = w.to.Write(p[:min(len(p), lookEvery-w.since)])
		written, p, w.since = written+n, p[n:], w.since+n
	}
	return written, err
}

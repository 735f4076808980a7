package report

import (
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// checkEvery is how many bytes are written between two checks of the free space. Each
// concurrent upload or log may use as much of the reserve.
const checkEvery = 1 << 20

// Options are the options of a Store. A field that is zero has its default.
type Options struct {
	// Reserve is how many bytes must be free for a file or a log to be accepted;
	// negative: none. Results and reports of executions are written
	// as long as they fit.
	Reserve int64
	// FreeBytes and FreePercent are what must be free for a file to be accepted: the
	// smaller of the two, because ten percent of a large disk is much, and so is a
	// gibibyte of a small one.
	FreeBytes   int64
	FreePercent int
}

// WithDefaults returns the options with the defaults of fields that are zero.
func (o Options) WithDefaults() Options {
	return Options{
		Reserve:     cmp.Or(o.Reserve, 64<<20),
		FreeBytes:   cmp.Or(o.FreeBytes, 1<<30),
		FreePercent: cmp.Or(o.FreePercent, 10),
	}
}

// MinFree returns how many bytes of a volume must be free for a file to be accepted.
func (o Options) MinFree(volume int64) int64 { return o.WithDefaults().filesMinFree(volume).bytes }

// minFree is what must stay free.
type minFree struct {
	bytes int64
	limit execution.Limit // that defines it
}

// currentFilesMinFree returns what must stay free for files. A disk that does not report its size
// counts as large.
func (s *Store) currentFilesMinFree() minFree {
	size, err := s.disk.Size()
	if err != nil {
		size = math.MaxInt64
	}
	return s.options.filesMinFree(size)
}

// logsMinFree returns the reserve, which must stay free for logs.
func (o Options) logsMinFree() minFree {
	return minFree{bytes: o.Reserve, limit: execution.Reserve}
}

// filesMinFree returns at least the reserve.
func (o Options) filesMinFree(size int64) minFree {
	l := minFree{bytes: min(o.FreeBytes, size/100*int64(o.FreePercent)), limit: execution.FreeBytes}
	if least := o.logsMinFree(); l.bytes < least.bytes {
		return least
	}
	return l
}

// checked checks the free space before and while a content is written.
func (s *Store) checked(l minFree, write content) content {
	checkFree := func() error { return s.checkFree(l) }
	return func(w io.Writer) error {
		if err := checkFree(); err != nil {
			return err
		}
		return write(&checkedWriter{to: w, checkFree: checkFree})
	}
}

// checkFree rejects files and logs when too little is free. A disk that does not report
// its free space is full only once a write fails.
func (s *Store) checkFree(l minFree) error {
	free, err := s.disk.Free()
	if err != nil {
		return nil //nolint:nilerr // the write will fail with the error
	}
	s.free.Store(free)
	if free >= l.bytes {
		return nil
	}
	return &execution.LimitError{
		Limit: l.limit, Err: execution.ErrNoSpace,
		Message: fmt.Sprintf("%d bytes are free, and %d must stay free", max(free, 0), l.bytes),
	}
}

// checkedWriter checks the free space after every checkEvery bytes.
type checkedWriter struct {
	to        io.Writer
	checkFree func() error
	since     int // bytes since the last check
}

func (w *checkedWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		if w.since == checkEvery {
			if err := w.checkFree(); err != nil {
				return written, err
			}
			w.since = 0
		}
		var n int
		n, err = w.to.Write(p[:min(len(p), checkEvery-w.since)])
		written, p, w.since = written+n, p[n:], w.since+n
	}
	return written, err
}

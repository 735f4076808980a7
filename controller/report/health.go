package report

import (
	"errors"
	"io"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// freeWait is how long a disk may take to report its free space. A hanging disk must
// not make the metrics hang.
const freeWait = time.Second

// Healthy reports whether the last write succeeded. Failures that are not the disk's,
// such as an interrupted upload, do not count.
func (s *Store) Healthy() bool { return !s.failing.Load() }

// Free returns how many bytes may still be written, by the disk's current value, or by
// its last one if the disk does not respond.
func (s *Store) Free() int64 {
	if s.measuring.CompareAndSwap(false, true) {
		measured := make(chan struct{})
		go func() {
			defer close(measured)
			defer s.measuring.Store(false)
			if free, err := s.disk.Free(); err == nil {
				s.free.Store(free)
				s.reserved.Store(s.currentFilesMinFree().bytes)
			}
		}()
		select {
		case <-measured:
		case <-time.After(freeWait):
		}
	}
	return s.free.Load()
}

// Reserved returns how many bytes must be free for a file to be accepted, by the last
// known size of the disk.
func (s *Store) Reserved() int64 { return s.reserved.Load() }

// noted records whether a write shows a failing disk, and marks the error of a full
// disk.
func (s *Store) noted(err error) error {
	var source *sourceError
	if errors.As(err, &source) || errors.Is(err, execution.ErrEnded) {
		return err
	}
	s.failing.Store(err != nil)
	return explain(err)
}

// sourceError says that the content of a file could not be read, or must not be written.
// It is not an error of the disk.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// blaming distinguishes errors of a file from errors of its content.
func blaming(write content, w io.Writer) error {
	file := &fileWriter{to: w}
	err := write(file)
	if err != nil && file.err == nil {
		return &sourceError{err}
	}
	return err
}

type fileWriter struct {
	to  io.Writer
	err error
}

func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

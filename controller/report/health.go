package report

import (
	"errors"
	"io"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// freeWait is how long a disk may take to say how much is free. One that hangs
// must not hang whoever asks for metrics, of all people.
const freeWait = time.Second

// Healthy reports whether the last write succeeded. What fails for another
// reason than the disk's, such as an upload that breaks off, does not count.
func (s *Store) Healthy() bool { return !s.failing.Load() }

// Free returns how many bytes may still be written: as the disk says now, or
// if it does not answer, as it said last.
func (s *Store) Free() int64 {
	if s.measuring.CompareAndSwap(false, true) {
		measured := make(chan struct{})
		go func() {
			defer close(measured)
			defer s.measuring.Store(false)
			if free, err := s.disk.Free(); err == nil {
				s.free.Store(free)
				s.reserved.Store(s.filesLeave().bytes)
			}
		}()
		select {
		case <-measured:
		case <-time.After(freeWait):
		}
	}
	return s.free.Load()
}

// Reserved returns how many bytes must be free for a file to be taken, by the
// size that the disk had when it said last what is free.
func (s *Store) Reserved() int64 { return s.reserved.Load() }

// noted takes down what a write says of the disk, and makes a full one known as
// such.
func (s *Store) noted(err error) error {
	var source *sourceError
	if errors.As(err, &source) || errors.Is(err, execution.ErrEnded) {
		return err
	}
	s.failing.Store(err != nil)
	return explain(err)
}

// sourceError is that the content of a file did not come, or may not be
// written. It is not the disk's.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// blaming tells the errors of a file from those of its content.
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

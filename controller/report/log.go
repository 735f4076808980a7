package report

import (
	"errors"
	"fmt"
	"io"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SaveLog stores a container's log. A log of more than limit bytes is truncated, and
// its last line says so. Like a file, a log is rejected if only the reserve is free.
func (s *Store) SaveLog(key execution.Key, container string, r io.Reader, limit int64) (truncated bool, err error) {
	err = s.save(key.Execution, logName(key.Node, container), s.checked(s.options.logsMinFree(), func(w io.Writer) error {
		truncated, err = copyLog(w, r, limit)
		return err
	}))
	if err != nil {
		return false, fmt.Errorf("log of %s on %s in %s: %w", container, key.Node, key.Execution, err)
	}
	return truncated, nil
}

// HasLog reports whether the container's log is stored.
func (s *Store) HasLog(key execution.Key, container string) bool {
	return s.has(key, logName(key.Node, container))
}

func copyLog(w io.Writer, r io.Reader, limit int64) (truncated bool, err error) {
	if _, err := io.Copy(w, io.LimitReader(r, limit)); err != nil {
		return false, err
	}
	more, err := io.CopyN(io.Discard, r, 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if more == 0 {
		return false, nil
	}
	_, err = fmt.Fprintf(w, "\n[log truncated at %d bytes]\n", limit)
	return true, err
}

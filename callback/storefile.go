package callback

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// stored is the answer to an upload.
type stored struct {
	Files   []string          `json:"files"`
	Renamed map[string]string `json:"renamed,omitempty"` // the pod's names that could not be used
	Hint    string            `json:"hint,omitempty"`    // the URL for which the file was likely meant
}

// maxShownName bounds the names in a response, in bytes.
const maxShownName = 256

func (s *stored) add(kept, name string) {
	s.Files = append(s.Files, kept)
	if name == "" || strings.HasSuffix(kept, "-"+name) {
		return
	}
	if s.Renamed == nil {
		s.Renamed = map[string]string{}
	}
	s.Renamed[kept] = execution.Truncate(name, maxShownName)
}

func (h *handler) fileSize() limits.Size {
	return limits.Size{Limit: execution.FileSize, Bytes: h.limits.File}
}

// keep passes a file to the recorder. An error of the file takes precedence over the
// recorder's error.
func (h *handler) keep(c *call, name, contentType string, file *file) (string, error) {
	kept, err := h.recorder.File(c.context(), c.key, name, contentType, file)
	if file.err != nil && !errors.Is(file.err, io.EOF) {
		return "", file.err
	}
	if err != nil {
		return "", fmt.Errorf("file %.256q: %w", name, err)
	}
	return kept, nil
}

// file reads a file within its limit and stores how that ended.
type file struct {
	from   io.Reader
	size   limits.Size
	left   int64
	prefix []byte // of what was read
	err    error
}

// maxPrefix bounds the prefix that is kept for a hint, in bytes.
const maxPrefix = 256

func newFile(from io.Reader, size limits.Size) *file {
	return &file{from: from, size: size, left: size.Bytes}
}

func (f *file) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	// One byte more than allowed shows that the file is too large.
	n, err := f.from.Read(p[:min(int64(len(p)), f.left+1)])
	f.prefix = append(f.prefix, p[:min(n, maxPrefix-len(f.prefix))]...)
	if int64(n) > f.left {
		f.err = f.size.TooLarge()
		return int(f.left), f.err
	}
	f.left -= int64(n)
	f.err = err
	return n, err
}

package callback

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"strings"

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

func (h *handler) takeFiles(c *call) (any, error) {
	name := givenName(c)
	if isForm(c) {
		return h.takeParts(c, name)
	}
	file := newFile(c.body, h.fileBound())
	kept, err := h.keep(c, name, contentType(c), file)
	if err != nil {
		return nil, err
	}
	answer := stored{}
	answer.add(kept, name)
	if name == "" {
		answer.Hint = likelyEndpoint(file.prefix)
	}
	return answer, nil
}

func (h *handler) fileBound() bound { return bound{execution.FileSize, h.limits.File} }

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

// givenName returns the name of the only or first file from the query or a header, or
// "". A malformed header counts as none.
func givenName(c *call) string {
	return cmp.Or(queryName(c.request.URL), dispositionName(c.request.Header.Get("Content-Disposition")))
}

func queryName(u *url.URL) string { return u.Query().Get(nameParam) }

func dispositionName(header string) string {
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		return ""
	}
	return params["filename"]
}

// file reads a file within its limit and stores how that ended.
type file struct {
	from   io.Reader
	limit  bound
	left   int64
	prefix []byte // of what was read
	err    error
}

// maxPrefix bounds the prefix that is kept for a hint, in bytes.
const maxPrefix = 256

func newFile(from io.Reader, limit bound) *file {
	return &file{from: from, limit: limit, left: limit.bytes}
}

func (f *file) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	// One byte more than allowed shows that the file is too large.
	n, err := f.from.Read(p[:min(int64(len(p)), f.left+1)])
	f.prefix = append(f.prefix, p[:min(n, maxPrefix-len(f.prefix))]...)
	if int64(n) > f.left {
		f.err = f.limit.tooLarge()
		return int(f.left), f.err
	}
	f.left -= int64(n)
	f.err = err
	return n, err
}

package callback

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// partHeaderBytes bounds what comes before the content of a part. The standard
// library would keep 10 MiB of it in memory.
const partHeaderBytes = 64 << 10

// takeParts keeps the files of a form one by one, as they come. Those before one
// that is refused stay kept: a pod that tries again overwrites them.
func (h *handler) takeParts(c *call, name string) (any, error) {
	_, params, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, &execution.InvalidError{Path: "Content-Type", Message: "must be " + formType + " with a boundary"}
	}
	parts := multipart.NewReader(c.body, params["boundary"])
	answer := stored{}
	for n := 0; ; n++ {
		part, err := c.nextPart(parts)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := h.checkPart(n, part); err != nil {
			return nil, err
		}
		if isField(part) {
			_, _ = io.Copy(io.Discard, part) // the next part meets the error too
			continue
		}
		if name == "" || len(answer.Files) > 0 {
			name = part.FileName()
		}
		kept, err := h.keep(c, name, mediaType(part.Header.Get("Content-Type")), newFile(part, h.limits.File))
		if err != nil {
			return nil, err
		}
		answer.Files = append(answer.Files, kept)
	}
	if len(answer.Files) == 0 {
		return nil, &execution.InvalidError{Message: "the form holds no file"}
	}
	return answer, nil
}

// nextPart returns the next part, or io.EOF after the last.
func (c *call) nextPart(parts *multipart.Reader) (*multipart.Part, error) {
	c.body.ration = partHeaderBytes
	part, err := parts.NextPart()
	c.body.ration = unlimited
	switch {
	case err == nil || err == io.EOF:
		return part, err
	case c.body.broken() != nil:
		return nil, c.body.broken()
	default:
		return nil, &execution.InvalidError{Message: "the form is malformed or ends early"}
	}
}

func (h *handler) checkPart(n int, part *multipart.Part) error {
	if n >= h.limits.Parts {
		return &execution.InvalidError{Message: fmt.Sprintf("the form must have at most %d parts", h.limits.Parts)}
	}
	if countHeaders(part.Header) > h.limits.Headers {
		return &execution.InvalidError{Message: fmt.Sprintf("a part must have at most %d header lines", h.limits.Headers)}
	}
	return nil
}

// isField reports whether a part is a plain field of the form. A part whose
// disposition is missing or malformed is none: it may be a file.
func isField(part *multipart.Part) bool {
	return part.FormName() != "" && part.FileName() == ""
}

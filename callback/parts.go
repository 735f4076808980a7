package callback

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// partHeaderBytes bounds the header of a part. The standard library would keep 10 MiB
// of it in memory.
const partHeaderBytes = 64 << 10

// takeParts stores the files of a form one by one. Files before a rejected one stay
// stored: a retry overwrites them.
func (h *handler) takeParts(c *call, name string) (any, error) {
	_, params, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return nil, &execution.InvalidError{Path: "Content-Type", Message: "must be " + formType + " with a boundary"}
	}
	edges := newFormEdges(c.body, params["boundary"])
	parts := multipart.NewReader(edges, params["boundary"])
	answer := stored{}
	names := map[string]bool{}
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
		if name == "" || len(answer.Files) > 0 {
			name = part.FileName()
		}
		if name != "" && names[name] {
			return nil, invalid("name", "%s occurs twice in the form: use different names, or separate requests", quote(name))
		}
		names[name] = true
		kept, err := h.keep(c, name, mediaType(part.Header.Get("Content-Type")), newFile(&partContent{part: part, call: c}, h.fileBound()))
		if err != nil {
			return nil, err
		}
		answer.add(kept, name)
	}
	if len(answer.Files) == 0 {
		return nil, &execution.InvalidError{Message: "the form contains no file"}
	}
	if err := edges.check(); err != nil {
		return nil, err
	}
	return answer, nil
}

// nextPart returns the next part, or io.EOF after the last.
func (c *call) nextPart(parts *multipart.Reader) (*multipart.Part, error) {
	c.body.ration = partHeaderBytes
	part, err := parts.NextRawPart() // NextPart would decode quoted-printable
	c.body.ration = unlimited
	return part, c.explainForm(err)
}

// explainForm maps an error of a form: an error of its body takes precedence.
func (c *call) explainForm(err error) error {
	switch {
	case err == nil || err == io.EOF: //nolint:errorlint // multipart wraps the io.EOF of a truncated body
		return err
	case c.body.broken() != nil:
		return c.body.broken()
	default:
		return invalid("", formMalformed)
	}
}

// partContent is the unmodified content of a part.
type partContent struct {
	part *multipart.Part
	call *call
}

// Read implements io.Reader.
func (p *partContent) Read(b []byte) (int, error) {
	n, err := p.part.Read(b)
	return n, p.call.explainForm(err)
}

func (h *handler) checkPart(n int, part *multipart.Part) error {
	if n >= h.limits.Parts {
		return &execution.InvalidError{Limit: execution.UploadParts, Message: fmt.Sprintf("the form must have at most %d parts", h.limits.Parts)}
	}
	if countHeaders(part.Header) > h.limits.Headers {
		return &execution.InvalidError{Limit: execution.HeaderLines, Message: fmt.Sprintf("a part must have at most %d header lines", h.limits.Headers)}
	}
	if isField(part) {
		return invalid("form", "the field %s is not a file, and would be lost: send it as a file (curl -F %s=@<path>), or omit it", quote(part.FormName()), part.FormName())
	}
	return checkPartCoding(part)
}

// checkPartCoding rejects an encoded part. Files are stored unchanged, and nothing is
// ever decoded.
func checkPartCoding(part *multipart.Part) error {
	for _, coding := range part.Header.Values("Content-Transfer-Encoding") {
		switch strings.ToLower(coding) {
		case "", "7bit", "8bit", "binary":
		default:
			return withDetail(errMediaType, "a part must be sent unencoded (binary), not as %s", quote(coding))
		}
	}
	for _, coding := range part.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return withDetail(errMediaType, "a part must not be compressed")
		}
	}
	return nil
}

// isField reports whether a part is a plain field of the form. A part without a valid
// Content-Disposition counts as a file.
func isField(part *multipart.Part) bool {
	return part.FormName() != "" && part.FileName() == ""
}

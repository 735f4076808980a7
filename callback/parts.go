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
			return nil, invalid("name", "%s is there twice in the form: must be different, or be sent one after the other", quote(name))
		}
		names[name] = true
		kept, err := h.keep(c, name, mediaType(part.Header.Get("Content-Type")), newFile(&partContent{part: part, call: c}, h.fileBound()))
		if err != nil {
			return nil, err
		}
		answer.add(kept, name)
	}
	if len(answer.Files) == 0 {
		return nil, &execution.InvalidError{Message: "the form holds no file"}
	}
	if err := edges.check(); err != nil {
		return nil, err
	}
	return answer, nil
}

// nextPart returns the next part, or io.EOF after the last.
func (c *call) nextPart(parts *multipart.Reader) (*multipart.Part, error) {
	c.body.ration = partHeaderBytes
	part, err := parts.NextRawPart() // NextPart decodes what says that it is quoted-printable
	c.body.ration = unlimited
	return part, c.explainForm(err)
}

// explainForm tells what is wrong with a form from what happened to the body that
// it is read from.
func (c *call) explainForm(err error) error {
	switch {
	case err == nil || err == io.EOF: //nolint:errorlint // multipart wraps that of a body which ends early
		return err
	case c.body.broken() != nil:
		return c.body.broken()
	default:
		return invalid("", formBroken)
	}
}

// partContent is the content of a part, as it came.
type partContent struct {
	part *multipart.Part
	call *call
}

// Read reads on.
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
		return invalid("form", "the field %s is no file, and would not be kept: must be one, as with curl -F %s=@<path>, or be left out", quote(part.FormName()), part.FormName())
	}
	return checkPartCoding(part)
}

// checkPartCoding refuses a part that is not sent as it is. A file is kept as it
// came, and nothing is ever decoded.
func checkPartCoding(part *multipart.Part) error {
	for _, coding := range part.Header.Values("Content-Transfer-Encoding") {
		switch strings.ToLower(coding) {
		case "", "7bit", "8bit", "binary":
		default:
			return told(errMediaType, "a part must be sent as it is (binary), not as %s", quote(coding))
		}
	}
	for _, coding := range part.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return told(errMediaType, "a part must not be compressed")
		}
	}
	return nil
}

// isField reports whether a part is a plain field of the form. A part whose
// disposition is missing or malformed is none: it may be a file.
func isField(part *multipart.Part) bool {
	return part.FormName() != "" && part.FileName() == ""
}

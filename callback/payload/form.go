package payload

import (
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// partHeaderBytes bounds the header of a part. The standard library would keep 10 MiB
// of it in memory.
const partHeaderBytes = 64 << 10

// Body is the body of a form.
type Body interface {
	io.Reader
	// Ration bounds the bytes that are read from here on. Reading more of them ends the
	// body with the error.
	Ration(bytes int64, beyond error)
	// Broken returns why the body is incomplete, or nil.
	Broken() error
}

// FormLimits bounds a form.
type FormLimits struct {
	Parts   int
	Headers int // header lines of a part
}

// Form reads the files of a form one by one.
type Form struct {
	body   Body
	limits FormLimits
	edges  *formEdges
	reader *multipart.Reader
	first  string          // the name of the first file, or ""
	parts  int             // so far
	names  map[string]bool // of the files so far
}

// NewForm returns a form of a content type. If the name is not empty, it is the name of
// the first file, instead of that file's own.
func NewForm(body Body, contentType, name string, limits FormLimits) (*Form, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, invalid("Content-Type", "must be %s with a boundary", formType)
	}
	edges := newFormEdges(body, params["boundary"])
	return &Form{
		body:   body,
		limits: limits,
		edges:  edges,
		reader: multipart.NewReader(edges, params["boundary"]),
		first:  name,
		names:  map[string]bool{},
	}, nil
}

// Part is a file of a form. It is read before the next one.
type Part struct {
	Name        string // the last element of its path, otherwise not validated; "": none
	ContentType string // without parameters; "": unknown
	content     *multipart.Part
	form        *Form
}

// Read reads the unmodified content of the file.
func (p *Part) Read(b []byte) (int, error) {
	n, err := p.content.Read(b)
	return n, p.form.explain(err)
}

// Next returns the next file, or io.EOF after the last if the form is complete.
func (f *Form) Next() (*Part, error) {
	part, err := f.nextPart()
	if errors.Is(err, io.EOF) {
		return nil, f.end()
	}
	if err != nil {
		return nil, err
	}
	if err := f.checkPart(part); err != nil {
		return nil, err
	}
	name := part.FileName()
	if f.parts == 0 && f.first != "" {
		name = f.first
	}
	if name != "" && f.names[name] {
		return nil, invalid("name", "%s occurs twice in the form: use different names, or separate requests", quote(name))
	}
	f.names[name] = true
	f.parts++
	return &Part{Name: name, ContentType: mediaType(part.Header.Get("Content-Type")), content: part, form: f}, nil
}

// end returns io.EOF if the form is complete.
func (f *Form) end() error {
	if f.parts == 0 {
		return invalid("", "the form contains no file")
	}
	if err := f.edges.check(); err != nil {
		return err
	}
	return io.EOF
}

// nextPart returns the next part, or io.EOF after the last.
func (f *Form) nextPart() (*multipart.Part, error) {
	f.body.Ration(partHeaderBytes, invalid("", "the headers of a part must not exceed %d bytes", partHeaderBytes))
	part, err := f.reader.NextRawPart() // NextPart would decode quoted-printable
	f.body.Ration(math.MaxInt64, nil)
	return part, f.explain(err)
}

// explain maps an error of a form: an error of its body takes precedence.
func (f *Form) explain(err error) error {
	switch {
	case err == nil || err == io.EOF: //nolint:errorlint // multipart wraps the io.EOF of a truncated body
		return err
	case f.body.Broken() != nil:
		return f.body.Broken()
	default:
		return invalid("", formMalformed)
	}
}

func (f *Form) checkPart(part *multipart.Part) error {
	if f.parts >= f.limits.Parts {
		return &execution.InvalidError{Limit: execution.UploadParts, Message: fmt.Sprintf("the form must have at most %d parts", f.limits.Parts)}
	}
	if HeaderLines(part.Header) > f.limits.Headers {
		return &execution.InvalidError{Limit: execution.HeaderLines, Message: fmt.Sprintf("a part must have at most %d header lines", f.limits.Headers)}
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
			return &MediaTypeError{Message: fmt.Sprintf("a part must be sent unencoded (binary), not as %s", quote(coding))}
		}
	}
	if isCompressed(part.Header) {
		return &MediaTypeError{Message: "a part must not be compressed"}
	}
	return nil
}

// isField reports whether a part is a plain field of the form. A part without a valid
// Content-Disposition counts as a file.
func isField(part *multipart.Part) bool {
	return part.FormName() != "" && part.FileName() == ""
}

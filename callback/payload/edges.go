package payload

import (
	"bytes"
	"io"
)

// formEdges reads a form and checks its edges, which multipart.Reader ignores: it
// skips data before the first part, and does not read data after the last.
type formEdges struct {
	from  io.Reader
	begin []byte // the beginning of the first boundary
	end   []byte // the last boundary
	first []byte // the first bytes read: the length of the first boundary
	last  []byte // the last formTail bytes read
}

// formTail is how much of the end is kept: multipart.Reader may have read so much
// ahead.
const formTail = 8 << 10

const formMalformed = "the form is malformed or ends early"

func newFormEdges(from io.Reader, boundary string) *formEdges {
	return &formEdges{from: from, begin: []byte("--" + boundary), end: []byte("\n--" + boundary + "--")}
}

// Read implements io.Reader, and keeps the edges.
func (f *formEdges) Read(p []byte) (int, error) {
	n, err := f.from.Read(p)
	read := p[:n]
	if missing := len(f.begin) + len("\r\n") - len(f.first); missing > 0 {
		f.first = append(f.first, read[:min(missing, n)]...)
	}
	f.last = append(f.last, read...)
	if extra := len(f.last) - formTail; extra > 0 {
		f.last = append(f.last[:0], f.last[extra:]...)
	}
	return n, err
}

// check rejects data before or after the form. It is called at the end of the form.
func (f *formEdges) check() error {
	if !bytes.HasPrefix(bytes.TrimLeft(f.first, "\r\n"), f.begin) {
		return invalid("", "the form has data before its first part: must begin with the boundary")
	}
	_, rest, whole := bytes.Cut(f.last, f.end)
	if !whole {
		return invalid("", formMalformed)
	}
	buffer := make([]byte, len(f.end)+formTail)
	for len(bytes.TrimSpace(rest)) == 0 {
		n, err := f.from.Read(buffer)
		rest = buffer[:n]
		if n == 0 && err != nil {
			return nil // the body reports its own error
		}
	}
	return invalid("", "the form has data after its end: must end with the boundary")
}

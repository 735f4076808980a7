package callback

import (
	"bytes"
	"io"
)

// formEdges reads a form and looks at its edges, of which multipart.Reader makes
// nothing: it skips what is in front of the first part, and does not read what is
// behind the last.
type formEdges struct {
	from  io.Reader
	begin []byte // of the first boundary
	end   []byte // the last boundary
	first []byte // of what was read: as much as the first boundary takes
	last  []byte // of what was read: formTail bytes
}

// formTail is how much of the end is looked at: multipart.Reader may have read
// so much ahead.
const formTail = 8 << 10

const formBroken = "the form is malformed or ends early"

func newFormEdges(from io.Reader, boundary string) *formEdges {
	return &formEdges{from: from, begin: []byte("--" + boundary), end: []byte("\n--" + boundary + "--")}
}

// Read reads on, and keeps the edges.
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

// check reports what is in front of the form or behind it. It is called when the
// form has come to its end.
func (f *formEdges) check() error {
	if !bytes.HasPrefix(bytes.TrimLeft(f.first, "\r\n"), f.begin) {
		return invalid("", "the form has something in front of its first part: must begin with the boundary")
	}
	_, rest, whole := bytes.Cut(f.last, f.end)
	if !whole {
		return invalid("", formBroken)
	}
	buffer := make([]byte, len(f.end)+formTail)
	for len(bytes.TrimSpace(rest)) == 0 {
		n, err := f.from.Read(buffer)
		rest = buffer[:n]
		if n == 0 && err != nil {
			return nil // of what is wrong with the body it tells itself
		}
	}
	return invalid("", "the form has something behind its end: must end with the boundary")
}

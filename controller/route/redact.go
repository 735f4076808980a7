package route

import (
	"bytes"
	"errors"
	"io"
	"regexp"
)

// mask covers a secret. It is as long as what it covers, so that JSON stays
// JSON and an archive an archive.
const mask = '*'

// secret is a kind of secret in a text: which part of a match is to be covered.
type secret struct {
	pattern *regexp.Regexp
	group   int
}

// secrets are the credentials that a pod may print: its token, the same as
// curl -v shows it after -u, and the service account token that is mounted
// into it. Each pattern begins with fixed letters, which makes the search fast.
func secrets() []secret {
	return []secret{
		{regexp.MustCompile(`v1\.[0-9a-f]{8}\.[0-9]{14}\.[a-z0-9][-.a-z0-9]*\.([A-Za-z0-9_-]{43})`), 1},
		{regexp.MustCompile(`YmpjOnYx([A-Za-z0-9+/]{60,}={0,2})`), 1}, // "bjc:v1" in base64
		{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ([A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,})`), 1},
	}
}

// Redactor covers the credentials of callbacks in what pods send and print.
type Redactor struct{ secrets []secret }

// NewRedactor returns a redactor, which many may use at once.
func NewRedactor() *Redactor { return &Redactor{secrets: secrets()} }

// Redact covers the credentials in a text, in place, and returns it.
func (r *Redactor) Redact(text []byte) []byte {
	r.cover(text, true)
	return text
}

// RedactString returns a text without its credentials.
func (r *Redactor) RedactString(text string) string { return string(r.Redact([]byte(text))) }

// cover covers the credentials in a text. One at its very end may go on in what
// follows, unless this is the last of it: it is left, and where it begins is
// returned.
func (r *Redactor) cover(text []byte, last bool) (open int) {
	open = len(text)
	for _, s := range r.secrets {
		for _, match := range s.pattern.FindAllSubmatchIndex(text, -1) {
			if match[1] == len(text) && !last && match[1]-match[0] < maxSecret {
				open = min(open, match[0])
				continue
			}
			hidden := text[match[2*s.group]:match[2*s.group+1]]
			copy(hidden, bytes.Repeat([]byte{mask}, len(hidden)))
		}
	}
	return open
}

// maxSecret is the length of the longest credential that is looked for, in
// bytes. So much of a stream is held back.
const maxSecret = 8 << 10

// Reader returns what is read from another reader without its credentials.
func (r *Redactor) Reader(from io.Reader) io.Reader {
	return &redactedReader{redactor: r, from: from, chunk: make([]byte, 32<<10)}
}

type redactedReader struct {
	redactor *Redactor
	from     io.Reader
	chunk    []byte
	held     []byte // not yet known to be free of credentials
	ready    []byte // to be returned
	err      error  // of the other reader
}

func (r *redactedReader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// fill reads on, and releases what cannot be part of a credential any more. It
// reads whole chunks, because what is held back is searched again with each.
func (r *redactedReader) fill() {
	n, err := readChunk(r.from, r.chunk)
	r.held = append(r.held, r.chunk[:n]...)
	r.err = err
	last := err != nil
	open := r.redactor.cover(r.held, last)
	release := len(r.held)
	if !last {
		release = min(open, max(0, len(r.held)-maxSecret))
	}
	r.ready = append([]byte(nil), r.held[:release]...)
	r.held = append(r.held[:0], r.held[release:]...)
	if last && !errors.Is(err, io.EOF) {
		r.ready = nil // the rest is of no use to anybody
	}
}

// readChunk fills p as far as there is something to read. It is not
// io.ReadFull: how that tells of an end before p is full, a body tells that it
// was cut off.
func readChunk(from io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = from.Read(p[n:])
		n += more
	}
	return n, err
}

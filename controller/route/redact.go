package route

import (
	"errors"
	"io"
)

// Prover knows the credentials of one controller from what only looks like them.
type Prover interface {
	// IsToken reports whether a text is a callback token.
	IsToken(token string) bool
	// IsJWT reports whether the claims of a JSON web token, in base64, are those
	// of a service account token for callbacks.
	IsJWT(claims []byte) bool
}

// Redactor covers the credentials of callbacks in what pods send and print: a
// callback token, the same as curl -v shows it after -u, and the service account
// token that is mounted for it. It is for many to use at once.
type Redactor struct{ prover Prover }

// NewRedactor returns a redactor that covers what the prover knows, and nothing
// else: what a pod measures is not to be changed for looking like a secret.
func NewRedactor(p Prover) *Redactor { return &Redactor{prover: p} }

// Mask returns a text for a log, in which all that looks like a credential is
// covered.
func Mask(text string) string {
	covered := []byte(text)
	NewRedactor(anyLook{}).Redact(covered)
	return string(covered)
}

// anyLook takes whatever has the form of a credential for one.
type anyLook struct{}

func (anyLook) IsToken(token string) bool {
	_, _, _, err := parseToken(token)
	return err == nil
}

func (anyLook) IsJWT([]byte) bool { return true }

// Redact covers the credentials in a text, in place, and returns how many there
// were.
func (r *Redactor) Redact(text []byte) (covered int) {
	_, covered = r.cover(text, true)
	return covered
}

// RedactString returns a text without its credentials, and how many there were.
func (r *Redactor) RedactString(text string) (string, int) {
	covered := []byte(text)
	n := r.Redact(covered)
	return string(covered), n
}

// maxSecret is the length of the longest credential that is looked for, in
// bytes. So much of a stream is held back.
const maxSecret = 12 << 10

// cover covers the credentials in a text. One at its very end may go on in what
// follows, unless this is the last of it: it is left, and where it begins is
// returned.
func (r *Redactor) cover(text []byte, last bool) (open, covered int) {
	open = len(text)
	for _, find := range []finder{r.findToken, r.findPassword, r.findJWT} {
		for at := 0; at < len(text); {
			hit := find(text[at:])
			switch {
			case hit.end == 0:
				at = len(text)
			case hit.end == len(text)-at && hit.grows && !last && hit.end-hit.begin <= maxSecret:
				open, at = min(open, at+hit.begin), len(text)
			default:
				if hit.proven {
					hit.hide(text[at:])
					covered++
				}
				at += hit.next
			}
		}
	}
	return open, covered
}

// RedactedReader returns what is read from another reader without its
// credentials.
type RedactedReader struct {
	redactor *Redactor
	from     io.Reader
	chunk    []byte
	held     []byte // not yet known to be free of credentials
	ready    []byte // to be returned
	covered  int
	err      error // of the other reader
}

// Reader returns a reader without the credentials of another one.
func (r *Redactor) Reader(from io.Reader) *RedactedReader {
	return &RedactedReader{redactor: r, from: from, chunk: make([]byte, 32<<10)}
}

// Redacted returns how many credentials were covered so far.
func (r *RedactedReader) Redacted() int { return r.covered }

// Read reads on.
func (r *RedactedReader) Read(p []byte) (int, error) {
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
func (r *RedactedReader) fill() {
	n, err := readChunk(r.from, r.chunk)
	r.held = append(r.held, r.chunk[:n]...)
	r.err = err
	last := err != nil
	open, covered := r.redactor.cover(r.held, last)
	r.covered += covered
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

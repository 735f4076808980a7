package route

import (
	"errors"
	"io"
)

// Prover distinguishes credentials of a controller from texts that look like them.
type Prover interface {
	// IsToken reports whether a text is a callback token.
	IsToken(token string) bool
	// IsJWT reports whether the claims of a JSON web token, in base64, are those
	// of a service account token for callbacks.
	IsJWT(claims []byte) bool
}

// Redactor redacts callback credentials in callbacks and logs: a callback token, the form
// in which curl -v prints it after -u, and the mounted service account token. It is safe
// for concurrent use.
type Redactor struct{ prover Prover }

// NewRedactor returns a redactor of the credentials that the prover confirms, and nothing
// else: results must not change because they look like a secret.
func NewRedactor(p Prover) *Redactor { return &Redactor{prover: p} }

// RedactForLog returns a text for a log without anything that looks like a credential.
func RedactForLog(text string) string {
	redacted := []byte(text)
	NewRedactor(anyLook{}).Redact(redacted)
	return string(redacted)
}

// anyLook confirms any text that looks like a credential.
type anyLook struct{}

func (anyLook) IsToken(token string) bool {
	_, _, _, err := parseToken(token)
	return err == nil
}

func (anyLook) IsJWT([]byte) bool { return true }

// Redact redacts the credentials in a text, in place, and returns their number.
func (r *Redactor) Redact(text []byte) (redacted int) {
	_, redacted = r.redact(text, true)
	return redacted
}

// RedactString returns a text without its credentials, and their number.
func (r *Redactor) RedactString(text string) (string, int) {
	redacted := []byte(text)
	n := r.Redact(redacted)
	return string(redacted), n
}

// maxSecret is the length of the longest credential, in bytes. RedactedReader holds back
// as much of a stream.
const maxSecret = 12 << 10

// redact redacts the credentials in a text. Unless the text is the last one, a credential
// at its end may continue in the next: redact does not change it, and returns its
// beginning as open.
//
// Another kind of credential needs a finder in credential.go, its place in this list, and,
// unless its form alone proves it, a method of Prover, which auth.Credentials implements.
func (r *Redactor) redact(text []byte, last bool) (open, redacted int) {
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
					redacted++
				}
				at += hit.next
			}
		}
	}
	return open, redacted
}

// RedactedReader reads from another reader and redacts credentials.
type RedactedReader struct {
	redactor *Redactor
	from     io.Reader
	chunk    []byte
	held     []byte // not yet known to be free of credentials
	ready    []byte // to be returned
	redacted int
	err      error // of the other reader
}

// Reader returns a reader without the credentials of another one.
func (r *Redactor) Reader(from io.Reader) *RedactedReader {
	return &RedactedReader{redactor: r, from: from, chunk: make([]byte, 32<<10)}
}

// Redacted returns how many credentials were redacted so far.
func (r *RedactedReader) Redacted() int { return r.redacted }

// Read implements io.Reader.
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

// fill reads a chunk, and releases the bytes that can no longer be part of a credential.
// It reads whole chunks, because each searches the held bytes again.
func (r *RedactedReader) fill() {
	n, err := readChunk(r.from, r.chunk)
	r.held = append(r.held, r.chunk[:n]...)
	r.err = err
	last := err != nil
	open, redacted := r.redactor.redact(r.held, last)
	r.redacted += redacted
	release := len(r.held)
	if !last {
		release = min(open, max(0, len(r.held)-maxSecret))
	}
	r.ready = append([]byte(nil), r.held[:release]...)
	r.held = append(r.held[:0], r.held[release:]...)
	if last && !errors.Is(err, io.EOF) {
		r.ready = nil // the rest is not needed
	}
}

// readChunk fills p until the reader returns an error. Unlike io.ReadFull it returns the
// reader's own error: io.ErrUnexpectedEOF has to mean that a body was cut off.
func readChunk(from io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = from.Read(p[n:])
		n += more
	}
	return n, err
}

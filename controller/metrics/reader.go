package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// reader reads well-formed JSON, token by token. Events and pod templates are decoded into
// a struct by sigs.k8s.io/json instead. That cannot serve results: the limits have to
// apply before samples take memory, redaction needs the position of each label in the
// body, and an error names the sample.
type reader struct {
	json *json.Decoder
	from int64 // offset of the last token that was read, or of the space before it
	redaction
	// peeked is a token that was read ahead.
	peeked    json.Token
	hasPeeked bool
}

func newReader(body []byte, redact Redact) reader {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return reader{json: d, redaction: redaction{body: body, redact: redact}}
}

func (r *reader) next() (json.Token, error) {
	if r.hasPeeked {
		r.hasPeeked = false
		return r.peeked, nil
	}
	r.from = r.json.InputOffset()
	token, err := r.json.Token()
	if err != nil {
		return nil, invalid("", "is invalid JSON: %s", quote(err.Error()))
	}
	return token, nil
}

// takeNull reads a null if one is next.
func (r *reader) takeNull() bool {
	token, err := r.next()
	if err == nil && token == nil {
		return true
	}
	r.peeked, r.hasPeeked = token, err == nil
	return false
}

// object reads an object, and calls read for each member.
func (r *reader) object(path, want string, read func(path, key string) error) error {
	if err := r.open(path, '{', want); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r.json.More() {
		token, err := r.next()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if seen[key] {
			return invalid(r.member(path, key), "occurs twice")
		}
		seen[key] = true
		if err := read(r.member(path, key), key); err != nil {
			return err
		}
	}
	_, err := r.next()
	return err
}

// array reads a list, calls read for each element, and counts them.
func (r *reader) array(path, want string, read func(path string) error) (n int, err error) {
	if err := r.open(path, '[', want); err != nil {
		return 0, err
	}
	for ; r.json.More(); n++ {
		if err := read(fmt.Sprintf("%s[%d]", path, n)); err != nil {
			return n, err
		}
	}
	_, err = r.next()
	return n, err
}

func (r *reader) open(path string, delimiter json.Delim, want string) error {
	token, err := r.next()
	if err == nil && token != delimiter {
		err = invalid(path, "%s, not %s", want, kindOf(token))
	}
	return err
}

// kindOf names the kind of a token.
func kindOf(token json.Token) string {
	switch t := token.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case json.Number:
		return "a number"
	case json.Delim:
		if t == '[' {
			return "a list"
		}
		return "an object"
	default:
		return "true or false"
	}
}

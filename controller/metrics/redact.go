package metrics

import (
	"bytes"
	"strings"
)

// Redact returns a text with its credentials redacted, and their number. The redacted
// text must not be longer.
type Redact func(text string) (redacted string, n int)

// redaction redacts the credentials in a body while it is read. The body is checked as it
// was sent, because the replacement of a credential may equal another text in it.
type redaction struct {
	body   []byte
	redact Redact // nil: nothing is redacted
	edits  []edit
	n      int // credentials that were redacted in the stored body
}

// edit replaces a part of the body.
type edit struct {
	from, to int64
	text     string // JSON
}

// shown returns a text without credentials, for a message.
func (c *redaction) shown(text string) string {
	if c.redact == nil {
		return text
	}
	redacted, _ := c.redact(text)
	return redacted
}

// quote is quote for text of the body. It redacts before it truncates: a truncated
// credential would not be recognized.
func (c *redaction) quote(foreign string) string { return quote(c.shown(foreign)) }

// member returns the path of an object's member. A key that is not a plain
// name is quoted.
func (c *redaction) member(path, key string) string {
	if !isName(key) {
		return path + "[" + c.quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// store returns a text with its credentials redacted, and adds the edit of the body. The
// text is in the body between from and to, after a colon or space at most.
func (c *redaction) store(text string, from, to int64) string {
	if c.redact == nil {
		return text
	}
	redacted, n := c.redact(text)
	if n == 0 {
		return text
	}
	from += int64(bytes.IndexByte(c.body[from:to], '"'))
	c.edits = append(c.edits, edit{from, to, asJSON(redacted)})
	c.n += n
	return redacted
}

// asJSON encodes a label, no longer than the pod can have sent it. Labels have no control
// characters, so only quotes and backslashes are escaped.
func asJSON(label string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(label) + `"`
}

// stored returns the body with its edits.
func (c *redaction) stored() []byte {
	if len(c.edits) == 0 {
		return c.body
	}
	text, at := make([]byte, 0, len(c.body)), int64(0)
	for _, e := range c.edits {
		text = append(append(text, c.body[at:e.from]...), e.text...)
		at = e.to
	}
	return append(text, c.body[at:]...)
}

package metrics

import (
	"bytes"
	"strings"
)

// Redact returns a text with the credentials in it redacted, and how many there
// were. What it returns is no longer than the text.
type Redact func(text string) (redacted string, n int)

// redaction redacts the credentials in a body while it is read. The body is judged
// as it came: what replaces a credential may be what another text says itself.
type redaction struct {
	body   []byte
	redact Redact // nil: nothing is redacted
	edits  []edit
	n      int // credentials that were redacted in what is stored
}

// edit is a text of the body that is stored otherwise than it came.
type edit struct {
	from, to int64
	text     string // as JSON
}

// shown returns what may be shown of a text.
func (c *redaction) shown(text string) string {
	if c.redact == nil {
		return text
	}
	redacted, _ := c.redact(text)
	return redacted
}

// quote is quote for what came with the body. A credential that was cut short
// would not be known for one: it is redacted first.
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

// store returns a text as it is stored, which is in the body between two places,
// behind a colon at most.
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

// asJSON writes a label as JSON, no longer than it can have come: it has nothing
// else that must be escaped.
func asJSON(label string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(label) + `"`
}

// stored returns the body as it is stored.
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

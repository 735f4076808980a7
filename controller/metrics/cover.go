package metrics

import (
	"bytes"
	"strings"
)

// Cover returns a text with the credentials in it covered, and how many there
// were. What it returns is no longer than the text.
type Cover func(text string) (covered string, n int)

// covering covers the credentials in a body while it is read. The body is judged
// as it came: what covers a credential may be what another text says itself.
type covering struct {
	body  []byte
	cover Cover // nil: nothing is covered
	edits []edit
	n     int // credentials that were covered in what is stored
}

// edit is a text of the body that is stored otherwise than it came.
type edit struct {
	from, to int64
	text     string // as JSON
}

// shown returns what may be shown of a text.
func (c *covering) shown(text string) string {
	if c.cover == nil {
		return text
	}
	covered, _ := c.cover(text)
	return covered
}

// quote is quote for what came with the body. A credential that was cut short
// would not be known for one: it is covered first.
func (c *covering) quote(foreign string) string { return quote(c.shown(foreign)) }

// store returns a text as it is stored, which is in the body between two places,
// behind a colon at most.
func (c *covering) store(text string, from, to int64) string {
	if c.cover == nil {
		return text
	}
	covered, n := c.cover(text)
	if n == 0 {
		return text
	}
	from += int64(bytes.IndexByte(c.body[from:to], '"'))
	c.edits = append(c.edits, edit{from, to, asJSON(covered)})
	c.n += n
	return covered
}

// asJSON writes a label as JSON, no longer than it can have come: it has nothing
// else that must be escaped.
func asJSON(label string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(label) + `"`
}

// stored returns the body as it is stored.
func (c *covering) stored() []byte {
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

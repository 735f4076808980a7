package callback

import "strconv"

// redactedHeader is how many credentials were covered in what was taken: it is
// stored otherwise than it was sent.
const redactedHeader = "Batch-Job-Controller-Redacted"

// redact covers the credentials of callbacks in an event, which people and other
// programs read. It does so in its text as it came, which errors quote. In a result
// the recorder does, which knows what two samples are.
func (h *handler) redact(text []byte) (n int) {
	if h.options.Redactor == nil {
		return 0
	}
	return h.options.Redactor.Redact(text)
}

// redactString covers those that JSON escapes or a message's arguments kept from
// being seen in the text of an event.
func (h *handler) redactString(text string) (covered string, n int) {
	if h.options.Redactor == nil {
		return text, 0
	}
	return h.options.Redactor.RedactString(text)
}

// tellRedacted says that something was covered in what is taken now.
func (h *handler) tellRedacted(c *call, n int) {
	if n == 0 {
		return
	}
	c.redacted = n
	c.gin.Header(redactedHeader, strconv.Itoa(n))
	if h.options.ObserveRedacted != nil {
		h.options.ObserveRedacted(string(c.kind.name), n)
	}
}

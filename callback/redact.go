package callback

import "strconv"

// redactedHeader is the number of redacted credentials: the stored data differs from
// the sent data.
const redactedHeader = "Batch-Job-Controller-Redacted"

// redact redacts callback credentials in the JSON text of an event, which errors may
// quote. The recorder redacts results, because it knows their samples.
func (h *handler) redact(text []byte) (n int) {
	if h.options.Redactor == nil {
		return 0
	}
	return h.options.Redactor.Redact(text)
}

// redactString redacts a decoded and expanded string: JSON escapes and arguments may
// hide credentials from redact.
func (h *handler) redactString(text string) (redacted string, n int) {
	if h.options.Redactor == nil {
		return text, 0
	}
	return h.options.Redactor.RedactString(text)
}

// reportRedacted reports redactions in a response header, the log and a metric.
func (h *handler) reportRedacted(c *call, n int) {
	if n == 0 {
		return
	}
	c.redacted = n
	c.gin.Header(redactedHeader, strconv.Itoa(n))
	if h.options.ObserveRedacted != nil {
		h.options.ObserveRedacted(string(c.endpoint.name), n)
	}
}

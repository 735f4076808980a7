package callback

import (
	"io"

	"github.com/batch-job-controller/batch-job-controller/callback/payload"
)

func (h *handler) takeEvent(c *call) (any, error) {
	text, err := io.ReadAll(c.body)
	if err != nil {
		return nil, err
	}
	redacted := h.redact(text)
	event, err := payload.DecodeEvent(text, func(part string) string {
		part, n := h.redactString(part)
		redacted += n
		return part
	})
	if err != nil {
		return nil, err
	}
	if err := h.recorder.Event(c.context(), c.key, event); err != nil {
		return nil, err
	}
	h.reportRedacted(c, redacted)
	return nil, nil
}

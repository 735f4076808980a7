package callback

import "io"

func (h *handler) takeResult(c *call) (any, error) {
	text, err := io.ReadAll(c.body)
	if err != nil {
		return nil, err
	}
	redacted, err := h.recorder.Result(c.context(), c.key, text)
	if err != nil {
		return nil, err
	}
	h.reportRedacted(c, redacted)
	return nil, nil
}

package callback

import "io"

func (h *handler) takeEvent(c *call) (any, error) {
	text, err := io.ReadAll(c.body)
	if err != nil {
		return nil, err
	}
	event, err := decodeEvent(text)
	if err != nil {
		return nil, err
	}
	return nil, h.recorder.Event(c.context(), c.key, event)
}

package callback

import (
	"github.com/batch-job-controller/batch-job-controller/callback/payload"
)

// takeFiles stores the file of a request, or those of its form.
func (h *handler) takeFiles(c *call) (any, error) {
	name := payload.GivenName(c.request)
	if payload.IsForm(c.request) {
		return h.takeForm(c, name)
	}
	file := newFile(c.body, h.fileSize())
	kept, err := h.keep(c, name, payload.ContentType(c.request), file)
	if err != nil {
		return nil, err
	}
	answer := stored{}
	answer.add(kept, name)
	if name == "" {
		answer.Hint = payload.LikelyEndpoint(file.prefix)
	}
	return answer, nil
}

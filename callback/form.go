package callback

import (
	"errors"
	"io"

	"github.com/batch-job-controller/batch-job-controller/callback/payload"
)

// takeForm stores the files of a form one by one. Files before a rejected one stay
// stored: a retry overwrites them.
func (h *handler) takeForm(c *call, name string) (any, error) {
	form, err := payload.NewForm(c.body, c.request.Header.Get("Content-Type"), name, payload.FormLimits{Parts: h.limits.Parts, Headers: h.limits.Headers})
	if err != nil {
		return nil, err
	}
	answer := stored{}
	for {
		part, err := form.Next()
		if errors.Is(err, io.EOF) {
			return answer, nil
		}
		if err != nil {
			return nil, err
		}
		kept, err := h.keep(c, part.Name, part.ContentType, newFile(part, h.fileSize()))
		if err != nil {
			return nil, err
		}
		answer.add(kept, part.Name)
	}
}

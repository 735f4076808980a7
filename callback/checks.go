package callback

import (
	"fmt"
	"mime"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// checkHeaders counts header lines: the server itself bounds only their bytes.
func (h *handler) checkHeaders(c *call) error {
	if n := countHeaders(c.request.Header); n > h.limits.Headers {
		return &execution.LimitError{Limit: execution.HeaderLines, Err: errHeaders, Message: fmt.Sprintf("at most %d lines", h.limits.Headers)}
	}
	return nil
}

func countHeaders(header map[string][]string) int {
	n := 0
	for _, values := range header {
		n += len(values)
	}
	return n
}

func parseKey(c *call) error {
	key, err := route.ParseKey(c.gin.Param(route.NodeParam), c.gin.Param(route.ExecutionParam))
	if err != nil {
		return &execution.InvalidError{Message: err.Error()}
	}
	c.key = key
	return nil
}

// checkFraming refuses a body that has neither a length nor chunks, as netcat
// and some of HTTP/1.0 send it. To net/http such a request has no body: it would
// be answered with 200, and nothing of it kept.
func checkFraming(c *call) error {
	r := c.request
	if r.ContentLength == 0 && len(r.TransferEncoding) == 0 && r.Header.Get("Content-Length") == "" {
		return told(errNoLength, "the request must have a Content-Length, which may be 0, or be sent in chunks")
	}
	return nil
}

func (h *handler) checkLength(c *call) error {
	limit := c.kind.limit
	if c.kind.name == route.File && !isForm(c) {
		limit = h.fileBound()
	}
	if c.request.ContentLength > limit.bytes {
		return limit.tooLarge()
	}
	return nil
}

func checkCoding(c *call) error {
	for _, coding := range c.request.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return told(errMediaType, "it must not be compressed")
		}
	}
	return nil
}

// notMultipart refuses forms with files where JSON is meant. Any other content
// type is let in: curl -d sends one that is wrong.
func notMultipart(c *call) error {
	if strings.HasPrefix(contentType(c), "multipart/") {
		return told(errMediaType, "it must be JSON, not multipart")
	}
	return nil
}

// isForm reports whether the request holds its files in parts. What claims to
// be a form and is malformed must not pass for a file.
func isForm(c *call) bool {
	return contentType(c) == formType
}

const formType = "multipart/form-data"

// contentType returns the request's content type without its parameters.
func contentType(c *call) string {
	return mediaType(c.request.Header.Get("Content-Type"))
}

// mediaType returns a content type without its parameters, of which it may not
// understand any, or "" if it is malformed itself.
func mediaType(header string) string {
	name, _, _ := strings.Cut(header, ";")
	parsed, _, err := mime.ParseMediaType(name)
	if err != nil {
		return ""
	}
	return parsed
}

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

// checkFraming rejects a body with neither a length nor chunks, as netcat and some
// HTTP/1.0 clients send it. For net/http such a request has no body: the response
// would be 200, and the body would be lost.
func checkFraming(c *call) error {
	r := c.request
	if r.ContentLength == 0 && len(r.TransferEncoding) == 0 && r.Header.Get("Content-Length") == "" {
		return withDetail(errNoLength, "the request must have a Content-Length, which may be 0, or a chunked body")
	}
	return nil
}

func (h *handler) checkLength(c *call) error {
	limit := c.endpoint.limit
	if c.endpoint.name == route.File && !isForm(c) {
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
			return withDetail(errMediaType, "the body must not be compressed")
		}
	}
	return nil
}

// notMultipart rejects forms with files where JSON is expected. It accepts any other
// content type: that of curl -d is wrong.
func notMultipart(c *call) error {
	if strings.HasPrefix(contentType(c), "multipart/") {
		return withDetail(errMediaType, "the body must be JSON, not multipart")
	}
	return nil
}

// isForm reports whether the request claims to be a form with files. A malformed form
// must not count as a file.
func isForm(c *call) bool {
	return contentType(c) == formType
}

const formType = "multipart/form-data"

// contentType returns the request's content type without its parameters.
func contentType(c *call) string {
	return mediaType(c.request.Header.Get("Content-Type"))
}

// mediaType returns a content type without its parameters, which may be malformed, or
// "" if the type itself is malformed.
func mediaType(header string) string {
	name, _, _ := strings.Cut(header, ";")
	parsed, _, err := mime.ParseMediaType(name)
	if err != nil {
		return ""
	}
	return parsed
}

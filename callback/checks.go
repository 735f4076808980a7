package callback

import (
	"fmt"
	"net/http"

	"github.com/batch-job-controller/batch-job-controller/callback/payload"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// check validates a request before its body is read.
type check func(*call) error

// checks are ordered by cost; an unauthenticated client costs least.
func (h *handler) checks(more ...func(*http.Request) error) []check {
	all := []check{
		h.checkHeaders, // 431
		parseKey,       // 400: the path has no valid node or execution
		h.authenticate, // 401, 403
		checkFraming,   // 411: the length of the body is unknown
		h.checkLength,  // 413: the Content-Length is too large
	}
	for _, of := range append([]func(*http.Request) error{payload.NotCompressed}, more...) { // 415, 400
		all = append(all, func(c *call) error { return of(c.request) })
	}
	return all
}

// checkHeaders counts header lines: the server itself bounds only their bytes.
func (h *handler) checkHeaders(c *call) error {
	if n := payload.HeaderLines(c.request.Header); n > h.limits.Headers {
		return &execution.LimitError{Limit: execution.HeaderLines, Err: errHeaders, Message: fmt.Sprintf("at most %d lines", h.limits.Headers)}
	}
	return nil
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
		return errNoLength
	}
	return nil
}

func (h *handler) checkLength(c *call) error {
	limit := c.endpoint.limit
	if c.endpoint.name == route.File && !payload.IsForm(c.request) {
		limit = h.fileSize()
	}
	if c.request.ContentLength > limit.Bytes {
		return limit.TooLarge()
	}
	return nil
}

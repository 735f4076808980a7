package callback

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// respond ends the request: with 200 and the answer, which may be nil, or with the
// status and body of the error.
func (c *call) respond(answer any, err error) {
	now := c.now()
	if ended := c.body.Ended(); !errors.Is(ended, io.EOF) && !errors.Is(ended, limits.ErrSlow) {
		_ = c.conn.SetReadDeadline(now.Add(leftoverTime))
	}
	_ = c.conn.SetWriteDeadline(now.Add(answerTime))
	if err != nil {
		status, body := explain(err)
		c.setRetryAfter(err)
		c.reject(status, body)
		return
	}
	if answer == nil {
		c.gin.Writer.WriteHeader(http.StatusOK)
		c.gin.Writer.WriteHeaderNow()
		return
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		panic(err) // cannot happen: an answer consists of strings
	}
	c.write(http.StatusOK, encoded)
}

// setRetryAfter says when the limit allows another request.
func (c *call) setRetryAfter(err error) {
	var limit *execution.LimitError
	if errors.As(err, &limit) && limit.RetryAfter > 0 {
		wait := (limit.RetryAfter + time.Second - 1) / time.Second // round up
		c.gin.Header("Retry-After", strconv.FormatInt(int64(wait), 10))
	}
}

func (c *call) reject(status int, body errorBody) {
	switch status {
	case http.StatusServiceUnavailable:
		// With jitter: clients that are rejected together must not retry together.
		c.gin.Header("Retry-After", strconv.Itoa(2+rand.IntN(4))) //nolint:gosec // it spreads load and protects nothing
	case http.StatusUnauthorized:
		c.gin.Header("WWW-Authenticate", `Basic realm="callbacks"`)
		c.gin.Writer.Header().Add("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		if c.gin.Writer.Header().Get("Retry-After") == "" {
			c.gin.Header("Retry-After", "1")
		}
	}
	c.write(status, encodeError(body))
}

func (c *call) write(status int, encoded []byte) {
	c.gin.Header("Content-Type", "application/json")
	c.gin.Header("X-Content-Type-Options", "nosniff")
	c.gin.Writer.WriteHeader(status)
	_, _ = c.gin.Writer.Write(append(encoded, '\n')) // the client may be gone
}

// maxErrorBody bounds the body of a response to a rejected request, in bytes.
const maxErrorBody = 1024

// encodeError cuts the texts until they fit: escaping may make them six times as
// long.
func encodeError(body errorBody) []byte {
	for n := maxErrorBody / 2; ; n /= 2 {
		encoded, err := json.Marshal(errorBody{
			Error: execution.Truncate(body.Error, n),
			Path:  execution.Truncate(body.Path, n/2),
		})
		if err != nil {
			panic(err) // cannot happen: it consists of strings
		}
		if len(encoded) < maxErrorBody {
			return encoded
		}
	}
}

package callback

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// answer ends the request: with 200 and the answer, which may be nil, or with
// what the error stands for.
func (c *call) answer(answer any, err error) {
	now := time.Now()
	if !errors.Is(c.body.err, io.EOF) && !errors.Is(c.body.err, errSlow) {
		_ = c.conn.SetReadDeadline(now.Add(leftoverTime))
	}
	_ = c.conn.SetWriteDeadline(now.Add(answerTime))
	if err != nil {
		status, told := explain(err)
		c.setRetryAfter(err)
		c.refuse(status, told)
		return
	}
	if answer == nil {
		c.gin.Writer.WriteHeader(http.StatusOK)
		c.gin.Writer.WriteHeaderNow()
		return
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		panic(err) // an answer is made of strings
	}
	c.write(http.StatusOK, encoded)
}

// setRetryAfter says when a limit allows more.
func (c *call) setRetryAfter(err error) {
	var limit *execution.LimitError
	if errors.As(err, &limit) && limit.RetryAfter > 0 {
		wait := (limit.RetryAfter + time.Second - 1) / time.Second // not before
		c.gin.Header("Retry-After", strconv.FormatInt(int64(wait), 10))
	}
}

func (c *call) refuse(status int, told refused) {
	switch status {
	case http.StatusServiceUnavailable:
		// Apart from each other: those who are turned away together would else
		// come back together.
		c.gin.Header("Retry-After", strconv.Itoa(2+rand.IntN(4))) //nolint:gosec // it spreads load, and guards nothing
	case http.StatusUnauthorized:
		c.gin.Header("WWW-Authenticate", `Basic realm="callbacks"`)
		c.gin.Writer.Header().Add("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		if c.gin.Writer.Header().Get("Retry-After") == "" {
			c.gin.Header("Retry-After", "1")
		}
	}
	c.write(status, encodeRefused(told))
}

func (c *call) write(status int, encoded []byte) {
	c.gin.Header("Content-Type", "application/json")
	c.gin.Header("X-Content-Type-Options", "nosniff")
	c.gin.Writer.WriteHeader(status)
	_, _ = c.gin.Writer.Write(append(encoded, '\n')) // the client may have gone
}

// maxRefused bounds what is answered to a request that is refused, in bytes.
const maxRefused = 1024

// encodeRefused cuts its texts until they fit: escaped they may be six times as
// long.
func encodeRefused(told refused) []byte {
	for n := maxRefused / 2; ; n /= 2 {
		encoded, err := json.Marshal(refused{
			Error: execution.Truncate(told.Error, n),
			Path:  execution.Truncate(told.Path, n/2),
		})
		if err != nil {
			panic(err) // it is made of strings
		}
		if len(encoded) < maxRefused {
			return encoded
		}
	}
}

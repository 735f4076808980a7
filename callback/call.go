package callback

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// leftoverTime is how long the server continues to read the body after an early
	// response. A client whose connection is closed at once may lose the response.
	leftoverTime = 5 * time.Second
	// answerTime is how long the client may take to read the response.
	answerTime = 15 * time.Second
)

// call is a request in progress.
type call struct {
	endpoint *endpoint
	gin      *gin.Context
	request  *http.Request
	conn     *http.ResponseController
	key      execution.Key // zero until the path is checked
	body     *limits.Body
	now      func() time.Time
	started  time.Time
	redacted int // credentials in an event or a result
	// forwarded means that the request was sent to the leader, which counts it.
	forwarded bool
}

func (h *handler) newCall(k *endpoint, c *gin.Context) *call {
	conn := http.NewResponseController(c.Writer)
	return &call{
		endpoint: k,
		gin:      c,
		request:  c.Request,
		conn:     conn,
		body:     limits.NewBody(http.MaxBytesReader(c.Writer, c.Request.Body, k.limit.Bytes), k.limit, conn, k.budget, h.now),
		now:      h.now,
		started:  h.now(),
	}
}

// context returns the context for the recorder. It outlives the connection: a client
// that closes its side after the body, as netcat does, looks like a disconnected
// client.
func (c *call) context() context.Context {
	return context.WithoutCancel(c.request.Context())
}

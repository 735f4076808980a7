package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Leader is the replica that accepts callbacks.
type Leader struct {
	Here bool   // this replica
	Host string // of another replica; empty: none, or its address is unknown
}

// FindLeader returns the leader, and a channel that is closed when the leader
// changes.
type FindLeader func() (now Leader, changed <-chan struct{})

// errCutOff says that the leader died while it sent its response, of which the client
// has the beginning.
var errCutOff = errors.New("the leader's response was cut off")

// retryPause is how long to wait before a retry with an unreachable leader, unless the
// leader changes before.
const retryPause = 250 * time.Millisecond

// maxKept bounds the kept bytes of a body, unless it is a result or an event that
// may be larger.
const maxKept = 1 << 20

// keepable returns how many bytes of the body are kept, so that it can be sent again.
func (c *call) keepable() int {
	if c.endpoint.name == route.File {
		return maxKept
	}
	return max(maxKept, int(c.endpoint.limit.Bytes))
}

// forwarded is the answer to a request to which another replica has responded.
type forwarded struct{}

// takeOrForward has the leader process the request. It waits while there is no leader,
// or while the API server does not respond to an event: most job scripts do not retry.
func (h *handler) takeOrForward(c *call) (answer any, err error) {
	if h.options.Leader == nil {
		return c.endpoint.take(c)
	}
	c.body.Keep(c.keepable())
	patience := time.NewTimer(h.limits.Hold)
	defer patience.Stop()
	for {
		leader, changed, err := h.waitForLeader(c, patience.C)
		if err != nil {
			return nil, err
		}
		if leader.Here {
			// Another replica may have been the leader when the request arrived.
			if err := h.authenticate(c); err != nil {
				return nil, err
			}
			answer, err = c.endpoint.take(c)
			// A leader that does not reach the API server may soon lose the Lease.
			if !errors.Is(err, execution.ErrNotLeader) && !errors.Is(err, execution.ErrNoAnswer) {
				return answer, err
			}
		} else {
			err = h.forward(c, leader.Host, changed)
			if err == nil {
				return forwarded{}, nil
			}
			if broken := c.body.Broken(); broken != nil {
				return nil, broken
			}
		}
		if !c.body.Rewind() {
			return nil, fmt.Errorf("%w: %w", execution.ErrUnavailable, err)
		}
		if !pause(c, changed, patience.C) {
			return nil, fmt.Errorf("%w: waited %s for the leader: %w", execution.ErrUnavailable, h.limits.Hold, err)
		}
	}
}

// waitForLeader waits until there is a leader.
func (h *handler) waitForLeader(c *call, patience <-chan time.Time) (Leader, <-chan struct{}, error) {
	forwarded := c.request.Header.Get(httpserver.ForwardedHeader) != ""
	for {
		leader, changed := h.options.Leader()
		switch {
		case leader.Here, leader.Host != "" && !forwarded:
			return leader, changed, nil
		case leader.Host != "":
			return leader, nil, httpserver.ErrMisdirected
		}
		select {
		case <-changed:
		case <-patience:
			return leader, nil, fmt.Errorf("%w: waited %s for a leader", execution.ErrUnavailable, h.limits.Hold)
		case <-c.request.Context().Done():
			return leader, nil, fmt.Errorf("%w: %w", limits.ErrBroken, c.request.Context().Err())
		}
	}
}

// pause waits until a retry may succeed. It returns false when patience has run out.
func pause(c *call, changed <-chan struct{}, patience <-chan time.Time) bool {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-c.request.Context().Done(): // waitForLeader returns the error
	case <-patience:
		return false
	}
	return true
}

// forward forwards the request to the leader. If the leader changes meanwhile and the
// body can be sent again, it does not wait for the old leader.
func (h *handler) forward(c *call, host string, changed <-chan struct{}) error {
	text, whole, err := c.body.Begin()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.context())
	defer cancel()
	request := c.request.Clone(ctx)
	if whole {
		defer cancelWhen(changed, cancel)()
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	} else {
		lent := newRevocableBody(io.MultiReader(bytes.NewReader(text), c.body))
		defer lent.revoke()
		request.Body = lent
	}
	c.forwarded = true
	outcome := errCutOff // unless Pass returns
	defer func() { h.observeForward(c, outcome) }()
	outcome = h.proxy.Pass(c.gin.Writer, request, host)
	return outcome
}

// cancelWhen calls cancel when the channel is closed, unless it is stopped before.
func cancelWhen(closed <-chan struct{}, cancel func()) (stop func()) {
	stopped := make(chan struct{})
	go func() {
		select {
		case <-closed:
			cancel()
		case <-stopped:
		}
	}()
	return func() { close(stopped) }
}

func (h *handler) observeForward(c *call, err error) {
	outcome := "answered"
	if err != nil {
		outcome = "failed"
		h.log.Debug("callback not forwarded",
			"execution", c.key.Execution, "node", c.key.Node, "error", err)
	}
	if h.options.ObserveForward != nil {
		h.options.ObserveForward(outcome)
	}
}

// revocableBody is a body that can be revoked: an http.Transport may continue to read
// it after it has returned.
type revocableBody struct {
	turn    chan struct{} // full while it is read
	from    io.Reader
	revoked bool
}

func newRevocableBody(from io.Reader) *revocableBody {
	return &revocableBody{turn: make(chan struct{}, 1), from: from}
}

func (l *revocableBody) Read(p []byte) (int, error) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.revoked {
		return 0, errors.New("the body was revoked")
	}
	return l.from.Read(p)
}

func (l *revocableBody) Close() error { return nil }

// revoke waits for a read in progress, and fails further reads.
func (l *revocableBody) revoke() {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	l.revoked = true
}

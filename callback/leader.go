package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Leader is who takes callbacks at the moment.
type Leader struct {
	Here bool   // this replica
	Host string // of another replica; empty: none, or nobody knows where it is
}

// FindLeader returns who takes callbacks, and a channel that is closed when
// that changes.
type FindLeader func() (now Leader, changed <-chan struct{})

// errCutOff is that the leader died in its answer, of which the client has the
// beginning.
var errCutOff = errors.New("the leader broke off its answer")

// retryPause is how long a leader that could not be reached is left alone,
// unless another one is found before.
const retryPause = 250 * time.Millisecond

// taken is the answer to a request that another replica has answered.
type taken struct{}

// takeOrForward has the request taken by whoever leads. While nobody does, or
// the API server does not answer to an event, it waits: the scripts of most jobs
// do not try again.
func (h *handler) takeOrForward(c *call) (answer any, err error) {
	if h.options.Leader == nil {
		return c.kind.take(c)
	}
	c.body.keeping = true
	patience := time.NewTimer(h.limits.Hold)
	defer patience.Stop()
	for {
		leader, changed, err := h.waitForLeader(c, patience.C)
		if err != nil {
			return nil, err
		}
		if leader.Here {
			// Another replica may have been to judge when the request came.
			if err := h.authenticate(c); err != nil {
				return nil, err
			}
			answer, err = c.kind.take(c)
			// A leader that does not reach the API server may soon be none.
			if !errors.Is(err, execution.ErrNotLeader) && !errors.Is(err, execution.ErrNoAnswer) {
				return answer, err
			}
		} else {
			err = h.forward(c, leader.Host, changed)
			if err == nil {
				return taken{}, nil
			}
			if broken := c.body.broken(); broken != nil {
				return nil, broken
			}
		}
		if !c.body.rewind() {
			return nil, fmt.Errorf("%w: %w", execution.ErrUnavailable, err)
		}
		if !pause(c, changed, patience.C) {
			return nil, fmt.Errorf("%w: waited %s for the leader: %w", execution.ErrUnavailable, h.limits.Hold, err)
		}
	}
}

// waitForLeader waits until somebody leads.
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
			return leader, nil, fmt.Errorf("%w: %w", errBroken, c.request.Context().Err())
		}
	}
}

// pause waits until it is worth trying again. It returns false when patience
// has run out.
func pause(c *call, changed <-chan struct{}, patience <-chan time.Time) bool {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-c.request.Context().Done(): // waitForLeader says so
	case <-patience:
		return false
	}
	return true
}

// forward passes the request on to the leader, and its answer back. If the
// leader changes meanwhile and the body can be sent again, it does not wait
// for the old one.
func (h *handler) forward(c *call, host string, changed <-chan struct{}) error {
	text, whole, err := c.body.begin()
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
		lent := lend(io.MultiReader(bytes.NewReader(text), c.body))
		defer lent.end()
		request.Body = lent
	}
	c.forwarded = true
	outcome := errCutOff // unless Pass returns
	defer func() { h.observeForward(c, outcome) }()
	outcome = h.proxy.Pass(c.gin.Writer, request, host)
	return outcome
}

// cancelWhen calls cancel when the channel is closed, unless it is told to stop
// before.
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

// loan is a body that an http.Transport may go on reading after it has given
// up, until the loan ends.
type loan struct {
	turn  chan struct{} // is full while it is read
	from  io.Reader
	ended bool
}

func lend(from io.Reader) *loan { return &loan{turn: make(chan struct{}, 1), from: from} }

func (l *loan) Read(p []byte) (int, error) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.ended {
		return 0, errors.New("the body was taken back")
	}
	return l.from.Read(p)
}

func (l *loan) Close() error { return nil }

// end waits for a read that is under way: the body bears one at a time.
func (l *loan) end() {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	l.ended = true
}

package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// reviewsAtOnce bounds the concurrent reviews of tokens from an address; further ones
// wait. The rate of invalid tokens is bounded by plan.Reviews.
const reviewsAtOnce = 4

// reviewLimiter bounds the reviews of tokens, so that clients with made-up ones do not block
// pods with valid ones.
type reviewLimiter struct {
	mu      sync.Mutex
	reviews *plan.Reviews
	gates   map[string]*reviewGate // by address, of those with requests
}

type reviewGate struct {
	slots chan struct{}
	users int // requests with a slot or waiting for one
}

func newReviewLimiter() *reviewLimiter {
	return &reviewLimiter{reviews: plan.NewReviews(), gates: map[string]*reviewGate{}}
}

func (l *reviewLimiter) admit(ctx context.Context, address string, now func() time.Time) (settle func(error), err error) {
	if err := l.check(address, now()); err != nil {
		return nil, err
	}
	leave, err := l.enter(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := l.check(address, now()); err != nil { // requests before it may have used up the budget
		leave()
		return nil, err
	}
	return func(outcome error) {
		if errors.Is(outcome, execution.ErrUnauthenticated) {
			l.mu.Lock()
			l.reviews.Refused(address, now())
			l.mu.Unlock()
		}
		leave()
	}, nil
}

func (l *reviewLimiter) check(address string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reviews.Wait(address, now) > 0 {
		return execution.Deny(execution.DeniedTooMany)
	}
	return nil
}

func (l *reviewLimiter) enter(ctx context.Context, address string) (leave func(), err error) {
	l.mu.Lock()
	gate := l.gates[address]
	if gate == nil {
		gate = &reviewGate{slots: make(chan struct{}, reviewsAtOnce)}
		l.gates[address] = gate
	}
	gate.users++
	l.mu.Unlock()
	release := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if gate.users--; gate.users == 0 {
			delete(l.gates, address)
		}
	}
	select {
	case gate.slots <- struct{}{}:
		return func() { <-gate.slots; release() }, nil
	case <-ctx.Done():
		release()
		return nil, fmt.Errorf("%w: other tokens of the same address are being reviewed: %w", execution.ErrUnavailable, ctx.Err())
	}
}

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
// wait.
const reviewsAtOnce = 4

// strangers bounds the reviews of invalid tokens, so that clients with made-up tokens do
// not block pods with valid ones.
type strangers struct {
	mu      sync.Mutex
	reviews *plan.Reviews
	gates   map[string]*reviewGate // by address, of those with requests
}

type reviewGate struct {
	slots chan struct{}
	users int // requests with a slot or waiting for one
}

func newStrangers() *strangers {
	return &strangers{reviews: plan.NewReviews(), gates: map[string]*reviewGate{}}
}

func (s *strangers) admit(ctx context.Context, address string, now func() time.Time) (settle func(error), err error) {
	if err := s.check(address, now()); err != nil {
		return nil, err
	}
	leave, err := s.enter(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := s.check(address, now()); err != nil { // requests before it may have used up the budget
		leave()
		return nil, err
	}
	return func(outcome error) {
		if errors.Is(outcome, execution.ErrUnauthenticated) {
			s.mu.Lock()
			s.reviews.Refused(address, now())
			s.mu.Unlock()
		}
		leave()
	}, nil
}

func (s *strangers) check(address string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reviews.Wait(address, now) > 0 {
		return execution.Deny(execution.DeniedTooMany)
	}
	return nil
}

func (s *strangers) enter(ctx context.Context, address string) (leave func(), err error) {
	s.mu.Lock()
	gate := s.gates[address]
	if gate == nil {
		gate = &reviewGate{slots: make(chan struct{}, reviewsAtOnce)}
		s.gates[address] = gate
	}
	gate.users++
	s.mu.Unlock()
	release := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if gate.users--; gate.users == 0 {
			delete(s.gates, address)
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

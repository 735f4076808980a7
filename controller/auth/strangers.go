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

// reviewsAtOnce is how many tokens of one address the API server is asked about
// at a time; the others wait.
const reviewsAtOnce = 4

// strangers keeps clients whose tokens are made up from taking the API server's
// time, and its answers, from pods with good ones.
type strangers struct {
	mu      sync.Mutex
	reviews *plan.Reviews
	asking  map[string]*askingGate // by address, of those that have requests
}

type askingGate struct {
	places chan struct{}
	users  int // that have a place or wait for one
}

func newStrangers() *strangers {
	return &strangers{reviews: plan.NewReviews(), asking: map[string]*askingGate{}}
}

// AdmitReview is asked before Authenticate whether the API server may be asked
// about a token from an address, and waits for a turn among those of the same
// address. What it returns has to be told what came of it.
func (c *Callbacks) AdmitReview(ctx context.Context, key execution.Key, address, credential string) (settle func(error), err error) {
	if c.authOf(key) != execution.ServiceAccountTokenAuth || !c.Credentials.tokens().IsOwn(credential) {
		return func(error) {}, nil // nothing is asked about it
	}
	ctx, cancel := context.WithTimeout(ctx, ReviewTimeout)
	defer cancel()
	return c.strangers.admit(ctx, address, c.Clock.Now)
}

func (s *strangers) admit(ctx context.Context, address string, now func() time.Time) (settle func(error), err error) {
	if err := s.check(address, now()); err != nil {
		return nil, err
	}
	leave, err := s.enter(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := s.check(address, now()); err != nil { // those before it may have used it up
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
	gate := s.asking[address]
	if gate == nil {
		gate = &askingGate{places: make(chan struct{}, reviewsAtOnce)}
		s.asking[address] = gate
	}
	gate.users++
	s.mu.Unlock()
	depart := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if gate.users--; gate.users == 0 {
			delete(s.asking, address)
		}
	}
	select {
	case gate.places <- struct{}{}:
		return func() { <-gate.places; depart() }, nil
	case <-ctx.Done():
		depart()
		return nil, fmt.Errorf("%w: other tokens of the same address are being reviewed: %w", execution.ErrUnavailable, ctx.Err())
	}
}

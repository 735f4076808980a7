package plan

import "time"

// Reviews is how many tokens of strangers the API server is asked about. Each
// address has a budget of its own, from which only tokens take that turn out to
// be no good: a flood from one address keeps no other address out.
type Reviews struct {
	addresses map[string]*bucket
}

const (
	// maxReviewed bounds the addresses that are told apart.
	maxReviewed = 4096
	// reviewBurst and reviewInterval are what an address may have refused. A pod
	// with a good token has none refused.
	reviewBurst    = 10
	reviewInterval = 5 * time.Second
)

func reviewPace() pace { return pace{burst: reviewBurst, interval: reviewInterval} }

// NewReviews returns budgets of which nothing is used.
func NewReviews() *Reviews { return &Reviews{addresses: map[string]*bucket{}} }

// Wait returns how long it is until the API server may be asked about a token
// from an address; 0: it may now.
func (r *Reviews) Wait(address string, now time.Time) time.Duration {
	b := r.addresses[r.known(address)]
	if b == nil {
		return 0
	}
	return b.wait(reviewPace(), now)
}

// Refused takes a token that was no good from the budget of its address.
func (r *Reviews) Refused(address string, now time.Time) {
	if len(r.addresses) >= maxReviewed {
		for other, b := range r.addresses {
			if !b.fullAt.After(now) {
				delete(r.addresses, other)
			}
		}
	}
	address = r.known(address)
	b := r.addresses[address]
	if b == nil {
		b = &bucket{}
		r.addresses[address] = b
	}
	b.take(reviewPace(), now)
}

// known returns the address, or "" for all those together that are too many.
func (r *Reviews) known(address string) string {
	if _, there := r.addresses[address]; !there && len(r.addresses) >= maxReviewed {
		return ""
	}
	return address
}

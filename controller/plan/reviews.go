package plan

import "time"

// Reviews limits the TokenReviews of invalid tokens. Each address has its own
// budget, which only invalid tokens use: a flood from one address blocks no other.
type Reviews struct {
	addresses map[string]*bucket
}

const (
	// maxReviewed bounds the addresses with a budget of their own.
	maxReviewed = 4096
	// reviewBurst and reviewInterval are the rate of invalid tokens for an address.
	// A pod with a valid token uses none of it. How many reviews of an address run at the
	// same time is bounded in package auth (reviewlimit.go).
	reviewBurst    = 10
	reviewInterval = 5 * time.Second
)

func reviewRate() rate { return rate{burst: reviewBurst, interval: reviewInterval} }

// NewReviews returns unused budgets.
func NewReviews() *Reviews { return &Reviews{addresses: map[string]*bucket{}} }

// Wait returns how long it is until the API server may review a token from an
// address; 0: it may now.
func (r *Reviews) Wait(address string, now time.Time) time.Duration {
	b := r.addresses[r.budgetOf(address)]
	if b == nil {
		return 0
	}
	return b.wait(reviewRate(), now)
}

// Refused counts an invalid token against the budget of its address.
func (r *Reviews) Refused(address string, now time.Time) {
	if len(r.addresses) >= maxReviewed {
		for other, b := range r.addresses {
			if !b.fullAt.After(now) {
				delete(r.addresses, other)
			}
		}
	}
	address = r.budgetOf(address)
	b := r.addresses[address]
	if b == nil {
		b = &bucket{}
		r.addresses[address] = b
	}
	b.take(reviewRate(), now)
}

// budgetOf returns the key of an address's budget: the address, or "", the shared budget,
// once there are too many addresses.
func (r *Reviews) budgetOf(address string) string {
	if _, known := r.addresses[address]; !known && len(r.addresses) >= maxReviewed {
		return ""
	}
	return address
}

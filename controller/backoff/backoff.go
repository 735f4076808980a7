package backoff

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// spread is the largest part of a pause that jitter removes. Jitter never makes a pause
// longer: the last pause bounds how late a step is after a fault has ended.
const spread = 0.2

// Jitter draws from [0, 1), as rand.Float64 does.
type Jitter func() float64

// Backoff has the pauses of one step. It is for one goroutine.
type Backoff struct {
	from, next wait.Backoff
	jitter     Jitter
}

// New returns pauses that double from the first to the last. Without jitter, which may be
// nil, they are exact, as tests and simulations need them.
func New(first, last time.Duration, jitter Jitter) *Backoff {
	from := wait.Backoff{Duration: first, Factor: 2, Steps: math.MaxInt, Cap: last}
	return &Backoff{from: from, next: from, jitter: jitter}
}

// Next returns how long to pause before the next try.
func (b *Backoff) Next() time.Duration {
	pause := b.next.Step()
	if b.jitter == nil {
		return pause
	}
	return pause - time.Duration(spread*b.jitter()*float64(pause))
}

// AtLeast skips shorter pauses, before a try that is too costly to come so soon.
func (b *Backoff) AtLeast(shortest time.Duration) {
	b.next.Duration = min(max(b.next.Duration, shortest), b.next.Cap)
}

// Reset restarts with the first pause, after a try that succeeded.
func (b *Backoff) Reset() { b.next = b.from }

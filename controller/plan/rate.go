package plan

import "time"

// rate allows a burst at once, and then one more in each interval.
type rate struct {
	burst    int
	interval time.Duration
}

// bucket is a token bucket. The zero bucket is full. Unlike the limiter of
// golang.org/x/time/rate it can take a token back, and is as small as a time:
// there is one for each node.
type bucket struct {
	fullAt time.Time // unless more is taken
}

// wait returns how long it is until a token is available; 0: one is.
func (b *bucket) wait(r rate, now time.Time) time.Duration {
	return max(b.fullAt.Sub(now.Add(time.Duration(r.burst-1)*r.interval)), 0)
}

func (b *bucket) take(r rate, now time.Time) {
	if b.fullAt.Before(now) {
		b.fullAt = now
	}
	b.fullAt = b.fullAt.Add(r.interval)
}

// giveBack undoes a take.
func (b *bucket) giveBack(r rate) { b.fullAt = b.fullAt.Add(-r.interval) }

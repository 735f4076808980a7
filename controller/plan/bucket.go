package plan

import "time"

// pace is how often something may happen: so many times at once, and then once
// in each interval.
type pace struct {
	burst    int
	interval time.Duration
}

// bucket counts what happened against a pace. The zero bucket is full. Unlike
// the one of golang.org/x/time/rate it takes back what was not needed, and its
// size is that of a time: there is one for each node.
type bucket struct {
	fullAt time.Time // unless more is taken
}

// wait returns how long it is until something may be taken; 0: it may now.
func (b *bucket) wait(p pace, now time.Time) time.Duration {
	return max(b.fullAt.Sub(now.Add(time.Duration(p.burst-1)*p.interval)), 0)
}

func (b *bucket) take(p pace, now time.Time) {
	if b.fullAt.Before(now) {
		b.fullAt = now
	}
	b.fullAt = b.fullAt.Add(p.interval)
}

// giveBack undoes a take.
func (b *bucket) giveBack(p pace) { b.fullAt = b.fullAt.Add(-p.interval) }

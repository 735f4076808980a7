package limits

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// ReadBudget is how long the reads of a body may take: Grace in total, plus the time of
// the received bytes at Rate, and no read longer than Idle.
type ReadBudget struct {
	Grace time.Duration
	Idle  time.Duration // 0: no limit
	Rate  int64         // bytes per second; 0: only Grace
}

// left returns how long the next read may take.
func (b ReadBudget) left(received int64, spent time.Duration) time.Duration {
	allowed := b.Grace - spent
	if b.Rate > 0 {
		allowed += time.Duration(received) * time.Second / time.Duration(b.Rate)
	}
	if b.Idle > 0 {
		allowed = min(allowed, b.Idle)
	}
	return allowed
}

// limit is the limit that a slow body exceeds.
func (b ReadBudget) limit() execution.Limit {
	if b.Rate > 0 {
		return execution.FileRate
	}
	return execution.BodyDeadline
}

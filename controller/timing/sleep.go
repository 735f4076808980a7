package timing

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

// LongestSleep bounds the time between two looks at the clock: a timer does not notice
// that the clock was set.
const LongestSleep = 30 * time.Second

// Sleep sleeps until the time or until there is news, but never longer than LongestSleep.
// The zero time means LongestSleep. It reports whether ctx has not ended.
func Sleep(ctx context.Context, clk clock.WithTicker, until time.Time, news <-chan struct{}) bool {
	wait := LongestSleep
	if !until.IsZero() {
		wait = min(max(until.Sub(clk.Now()), 0), LongestSleep)
	}
	timer := clk.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-news:
		return true
	case <-timer.C():
		return true
	}
}

const (
	// The pause after a failed try doubles from the first to the last.
	firstPause, lastPause = 250 * time.Millisecond, 15 * time.Second
)

// Retrier tries a step until it succeeds: while the API server is unavailable, a step is
// late, not lost.
type Retrier struct {
	Clock  clock.WithTicker
	Jitter backoff.Jitter // nil: the pauses are exact
}

// Do tries the step until it succeeds, ctx ends, or the deadline has passed; the zero time
// is no deadline. It returns the error of the last try. log has an attribute that names
// the step.
func (r Retrier) Do(ctx context.Context, log *slog.Logger, deadline time.Time, step func() error) error {
	for pauses := backoff.New(firstPause, lastPause, r.Jitter); ; {
		err := step()
		now := r.Clock.Now()
		if err == nil || ctx.Err() != nil || (!deadline.IsZero() && now.After(deadline)) {
			return err
		}
		log.Error("a step failed, trying again", "error", err)
		again := now.Add(pauses.Next())
		if !deadline.IsZero() && again.After(deadline) {
			again = deadline.Add(1) // the last try
		}
		if !Sleep(ctx, r.Clock, again, nil) {
			return ctx.Err()
		}
	}
}

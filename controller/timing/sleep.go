package timing

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

// LongestSleep bounds how long the clock goes unread: a timer does not notice that
// the clock was set.
const LongestSleep = 30 * time.Second

// Sleep sleeps until the time, or for LongestSleep if that is shorter or the time is
// zero, or until there is news. It reports whether ctx still lasts.
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
	// The pause between the tries of a step doubles from the first to the last.
	firstPause, lastPause = 250 * time.Millisecond, 15 * time.Second
)

// Retrier tries a step until it succeeds: while the API server is away a step is
// late, not lost.
type Retrier struct {
	Clock  clock.WithTicker
	Jitter backoff.Jitter // nil: the pauses are exact
}

// Do tries the step until it succeeds, ctx ends, or it is too late for it; with a
// zero time it is never too late. It returns the error of the last try. Each failure
// is logged to log, which says which step it is.
func (r Retrier) Do(ctx context.Context, log *slog.Logger, late time.Time, step func() error) error {
	for pauses := backoff.New(firstPause, lastPause, r.Jitter); ; {
		err := step()
		now := r.Clock.Now()
		if err == nil || ctx.Err() != nil || (!late.IsZero() && now.After(late)) {
			return err
		}
		log.Error("a step failed, trying again", "error", err)
		again := now.Add(pauses.Next())
		if !late.IsZero() && again.After(late) {
			again = late.Add(1) // the last try
		}
		if !Sleep(ctx, r.Clock, again, nil) {
			return ctx.Err()
		}
	}
}

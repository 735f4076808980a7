package definition

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// skipSuspended skips the ticks after the last one that come, or came, while the definition is
// or was suspended, and returns until when ticks are processed. Those for which no replica led
// are among them: none of them was missed, and none is made up for. A tick that came just
// before a person unsuspended the definition is skipped as well, however late it is looked at.
func (t *Ticker) skipSuspended(ctx context.Context, door Door, last time.Time) time.Time {
	d := t.Source.Latest()
	until := d.suspendedUntil(t.Clock.Now())
	at, before := plan.Due(d.schedule, last, until, 0)
	decision := plan.DecideTick(door.Door, true)
	if at.IsZero() || decision.Do != plan.TickSkip || ctx.Err() != nil {
		return last
	}
	t.Log.Info("ticks skipped", "reason", decision.Reason, "count", before+1, "scheduled", at)
	for range before + 1 {
		t.Metrics.TickSkipped(string(decision.Reason))
	}
	t.passed, t.last = later(t.passed, until), later(t.last, at)
	return t.passed
}

package cluster

import (
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// NextTick describes when the next execution starts, if last is the last processed
// tick.
func NextTick(cfg config.Config, last, now time.Time) string {
	schedule, err := plan.ParseSchedule(cfg.CronExpression, cfg.TimeZone, now)
	if err != nil {
		return "no time: " + err.Error()
	}
	next, passedOver := plan.NextTick(schedule, last, now)
	text := fmt.Sprintf("%s, in %s", next.UTC().Format("2006-01-02 15:04 MST"), cli.HumanDuration(next.Sub(now)))
	if passedOver {
		text += fmt.Sprintf(": ticks until %s are passed over, because a clock was ahead", last.UTC().Format("2006-01-02 15:04 MST"))
	}
	return text
}

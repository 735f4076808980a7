package controller

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// A clock that is set forward ends no Job that runs and starts no tick twice.
func TestExecutionWhoseClockIsSet(t *testing.T) {
	tests := map[string]struct {
		off            time.Duration
		wantExecutions int     // within 25 minutes, at 0, 10 and 20
		wantMissed     float64 // in the time that was passed over
	}{
		"F-28 an hour forward": {time.Hour, 3, 5},
		"F-28 a year forward":  {365 * 24 * time.Hour, 3, plan.MaxMissed},
		"F-28 an hour back":    {-time.Hour, 1, 0},
		"F-28 a day back":      {-24 * time.Hour, 1, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c")
				c.behave("a", behaviour{runFor: 5 * time.Minute})
				c.behave("b", behaviour{startAfter: 5 * time.Minute})
				clk := &testkit.Clock{}
				r := startReplicaWith(t, c.client, newMemoryStore(), testConfig(func(c *config.Config) {
					c.CronExpression, c.JobTimeout = "*/10 * * * *", 6*time.Minute
				}), func(o *Options) { o.Clock = clk })
				defer r.kill()
				time.Sleep(3 * time.Minute)
				clk.Set(tt.off)
				time.Sleep(4 * time.Minute)
				c.wantOutcomes(map[string]execution.Outcome{"a": succeeded, "b": succeeded, "c": succeeded})
				time.Sleep(18 * time.Minute)
				all := c.records()
				if len(all) != tt.wantExecutions {
					t.Errorf("executions: got %d, want %d", len(all), tt.wantExecutions)
				}
				for i := 1; i < len(all); i++ {
					if all[i].Plan.ID <= all[i-1].Plan.ID || !all[i].Plan.Scheduled.After(all[i-1].Plan.Scheduled) {
						t.Errorf("execution %s is followed by %s", all[i-1].Plan.ID, all[i].Plan.ID)
					}
				}
				if got := r.metric("batch_job_controller_ticks_missed_total"); got != tt.wantMissed {
					t.Errorf("ticks missed: got %v, want %v", got, tt.wantMissed)
				}
			})
		})
	}
}

package controller

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// executions returns the scheduled times of all executions.
func (c *cluster) executions() string {
	c.t.Helper()
	var times []string
	for _, r := range c.records() {
		times = append(times, r.Plan.Scheduled.UTC().Format("15:04"))
	}
	return strings.Join(times, " ")
}

// Bubbles begin at midnight. The schedule changes once, and what has been
// executed at 00:31 is compared.
func TestTicksWhenTheScheduleChanges(t *testing.T) {
	tests := map[string]struct {
		before, after string
		zone          string // of the schedule after the change
		at            time.Duration
		runFor        time.Duration // of the pod
		crash         bool          // the leader, at once after the change; the next one starts with the new schedule
		want          string
	}{
		"to one that fires more often":                                {before: "*/20 * * * *", after: "*/10 * * * *", at: 3 * time.Minute, want: "00:10 00:20 00:30"},
		"to one that fires less often":                                {before: "*/5 * * * *", after: "*/20 * * * *", at: 11 * time.Minute, want: "00:05 00:10 00:20"},
		"ticks of the new one from before the change are not made up": {before: "0 3 * * *", after: "*/15 * * * *", at: 16 * time.Minute, want: "00:30"},
		"nor by the next leader":                                      {before: "0 3 * * *", after: "*/15 * * * *", at: 16 * time.Minute, crash: true, want: "00:30"},
		"at the very time of a tick of the old one":                   {before: "*/10 * * * *", after: "15 0 * * *", at: 10 * time.Minute, want: "00:10 00:15"},
		"at the very time of a tick of the new one":                   {before: "0 3 * * *", after: "*/10 * * * *", at: 10 * time.Minute, want: "00:20 00:30"},
		"at the very time of a tick of both":                          {before: "*/10 * * * *", after: "*/10,15 * * * *", at: 10 * time.Minute, want: "00:10 00:15 00:20 00:30"},
		"just after a tick of both":                                   {before: "*/10 * * * *", after: "*/5 * * * *", at: 10*time.Minute + time.Second, want: "00:10 00:15 00:20 00:25 00:30"},
		"while an execution is open":                                  {before: "*/10 * * * *", after: "*/5 * * * *", at: 11 * time.Minute, runFor: 12 * time.Minute, want: "00:10 00:25"},
		"to an interval, which begins with the change":                {before: "*/10 * * * *", after: "@every 9m", at: 12 * time.Minute, want: "00:10 00:21 00:30"},
		"to another time zone":                                        {before: "5 0 * * *", after: "25 9 * * *", zone: "Asia/Tokyo", at: 6 * time.Minute, want: "00:05 00:25"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{runFor: tt.runFor})
				store := newMemoryStore()
				cfg := testConfig(func(c *config.Config) { c.CronExpression, c.RunOnStartup = tt.before, false })
				r := startReplica(t, c, store, cfg)
				time.Sleep(tt.at - time.Since(start()))
				cfg.CronExpression = tt.after
				if tt.zone != "" {
					cfg.TimeZone = tt.zone
				}
				r.Reconfigure(cfg)
				if tt.crash {
					time.Sleep(time.Second)
					r.kill()
					r = startReplica(t, c, store, cfg)
				}
				defer func() { r.kill() }()
				time.Sleep(31*time.Minute - time.Since(start()))
				if got := c.executions(); got != tt.want {
					t.Errorf("executions: got %s, want %s", got, tt.want)
				}
				if missed := r.metric("batch_job_controller_ticks_missed_total"); missed != 0 {
					t.Errorf("missed: got %v, want none", missed)
				}
			})
		})
	}
}

// start is when a bubble begins.
func start() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestNextTickIsThatOfTheNewSchedule(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		cfg := testConfig(func(c *config.Config) { c.CronExpression, c.RunOnStartup = "0 3 * * *", false })
		r := startReplica(t, c, newMemoryStore(), cfg)
		defer r.kill()
		time.Sleep(time.Minute)
		cfg.CronExpression = "0 2 * * *"
		r.Reconfigure(cfg)
		time.Sleep(time.Second)
		want := float64(start().Add(2 * time.Hour).Unix())
		if got := r.metric("batch_job_controller_next_tick_timestamp_seconds"); got != want {
			t.Errorf("next tick: got %v, want %v", got, want)
		}
	})
}

// A change while a leader terminates does not cost the tick before it: the next leader has
// seen both schedules.
func TestTickBeforeAChangeOfTheScheduleIsRunByTheNextLeader(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.CronExpression, c.RunOnStartup = "*/10 * * * *", false })
		r := startReplica(t, c, store, cfg)
		standby := newReplica(t, c.client, store, cfg)
		standby.watch()
		time.Sleep(9*time.Minute + 59*time.Second)
		r.kill()
		time.Sleep(5 * time.Second)
		cfg.CronExpression = "*/4 * * * *" // 00:08 was a tick of it, 00:12 will be
		standby.Reconfigure(cfg)
		time.Sleep(5 * time.Second)
		standby.lead()
		defer standby.kill()
		time.Sleep(3 * time.Minute)
		if got, want := c.executions(), "00:10 00:12"; got != want {
			t.Errorf("executions: got %s, want %s", got, want)
		}
	})
}

// The schedule is changed together with a restart, as install does it. Bubbles
// begin at midnight.
func TestTicksWhenTheScheduleChangesOverARestart(t *testing.T) {
	tests := map[string]struct {
		before, after string
		zone          string // of the schedule after the change
		onStartup     bool
		forget        bool // the schedule: a user has edited the state
		at            time.Duration
		want          string
	}{
		"to one with ticks before the change": {before: "0 3 * * *", after: "*/15 * * * *", at: 16 * time.Minute, want: "00:30"},
		"to one with many of them":            {before: "0 3 * * *", after: "*/5 * * * *", at: 26 * time.Minute, want: "00:30"},
		"the same with the one of the start":  {before: "0 3 * * *", after: "*/15 * * * *", onStartup: true, at: 16 * time.Minute, want: "00:00 00:16 00:30"},
		"to another zone":                     {before: "0 3 * * *", after: "10,40 0 * * *", zone: "Asia/Kolkata", at: 16 * time.Minute, want: ""},
		"not at all":                          {before: "*/15 * * * *", after: "*/15 * * * *", at: 14 * time.Minute, want: "00:15 00:30"},
		"not at all, but it was forgotten":    {before: "*/15 * * * *", after: "*/15 * * * *", forget: true, at: 14 * time.Minute, want: "00:30"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				store := newMemoryStore()
				cfg := testConfig(func(c *config.Config) {
					c.CronExpression, c.RunOnStartup, c.StartingDeadline = tt.before, tt.onStartup, time.Hour
				})
				r := startReplica(t, c, store, cfg)
				time.Sleep(tt.at - time.Since(start()))
				r.kill()
				if tt.forget && tt.at < 15*time.Minute {
					time.Sleep(2 * time.Minute) // over a tick
				}
				if tt.forget {
					state := c.state()
					line := strings.Fields(state.Object.Data[ticksKey])
					state.Object.Data[ticksKey] = strings.Join(line[:len(line)-6], " ") // CRON_TZ= and five fields
					must(t, c.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("configmaps"), state.Object, testNamespace))
				}
				cfg.CronExpression = tt.after
				if tt.zone != "" {
					cfg.TimeZone = tt.zone
				}
				r = startReplica(t, c, store, cfg)
				defer func() { r.kill() }()
				time.Sleep(31*time.Minute - time.Since(start()))
				if got := c.executions(); got != tt.want {
					t.Errorf("executions: got %s, want %s", got, tt.want)
				}
				if missed := r.metric("batch_job_controller_ticks_missed_total"); missed != 0 {
					t.Errorf("missed: got %v, want none", missed)
				}
			})
		})
	}
}

// The announced next tick runs, also after a clock that was ahead.
func TestNextTickAfterAClockThatWasAhead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		clk := &testkit.Clock{}
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.CronExpression, c.RunOnStartup = "*/10 * * * *", false })
		r := startReplicaWith(t, c.client, store, cfg, func(o *Options) { o.Clock = clk })
		time.Sleep(time.Minute)
		clk.Set(time.Hour + 25*time.Minute)
		time.Sleep(time.Minute)
		clk.Set(0)
		check := func() {
			t.Helper()
			time.Sleep(2 * time.Minute)
			want := float64(start().Add(90 * time.Minute).Unix())
			if got := r.metric("batch_job_controller_next_tick_timestamp_seconds"); got != want {
				t.Errorf("next tick: got %s, want %s", time.Unix(int64(got), 0).UTC(), time.Unix(int64(want), 0).UTC())
			}
			events := c.eventsOf(kube.EventTicksPassedOver)
			if len(events) != 1 || !strings.Contains(events[0].Message, "2000-01-01T01:30:00Z") || !strings.Contains(events[0].Message, testName+stateSuffix) {
				t.Errorf("events: %v", events)
			}
		}
		check()
		r.kill()
		r = startReplica(t, c, store, cfg)
		defer func() { r.kill() }()
		check()
		before := len(c.records())
		time.Sleep(89*time.Minute + 30*time.Second - time.Since(start()))
		if got := len(c.records()); got != before {
			t.Errorf("executions before the announced tick: got %d, want %d", got, before)
		}
		time.Sleep(time.Minute)
		if got := len(c.records()); got != before+1 {
			t.Errorf("executions after the announced tick: got %d, want %d", got, before+1)
		}
	})
}

// An interval counts from the last tick, and so does the announced next tick.
func TestNextTickOfAnIntervalStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		cfg := testConfig(func(c *config.Config) { c.CronExpression, c.RunOnStartup = "@every 1h", false })
		r := startReplica(t, c, newMemoryStore(), cfg)
		defer r.kill()
		time.Sleep(20 * time.Minute)
		if got, want := r.metric("batch_job_controller_next_tick_timestamp_seconds"), float64(start().Add(time.Hour).Unix()); got != want {
			t.Errorf("next tick: got %v, want %v", got, want)
		}
	})
}

package definition

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

func TestStartupIsDueOnceForReplicasThatStartTogether(t *testing.T) {
	started := time.Date(2026, 11, 24, 3, 0, 0, 500, time.UTC)
	tests := map[string]struct {
		runOnStartup bool
		opened       time.Time // when an execution last began
		want         time.Time
	}{
		"nothing has run": {true, time.Time{}, started.Add(time.Second)},
		"the last execution is older than this start": {true, started.Add(-time.Hour), started.Add(time.Second)},
		"another replica has run one since":           {true, started.Add(time.Minute), time.Time{}},
		"one in the very second":                      {true, started.Truncate(time.Second), time.Time{}},
		"it is not configured":                        {false, time.Time{}, time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := config.Config{HasDefinition: true, Definition: config.Definition{CronExpression: "@daily", RunOnStartup: tt.runOnStartup, StartupDelay: time.Second}}
			source, err := NewSource(SourceOptions{Initial: cfg, Clock: clock.RealClock{}})
			if err != nil {
				t.Fatal(err)
			}
			ticker := NewTicker(NewOpener(OpenerOptions{Source: source}), started)
			if got := ticker.startupDue(tt.opened); !got.Equal(tt.want) {
				t.Errorf("due: got %s, want %s", got, tt.want)
			}
		})
	}
}

// Only the Execution of a tick may claim that tick: a person can create one of any time.
func TestTheExecutionsOfTicks(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 20, 0, 0, time.UTC)
	tests := map[string]struct {
		name    string // default: that of a person
		trigger v1alpha1.Trigger
		at      time.Time
		want    bool
	}{
		"of a tick":                           {trigger: v1alpha1.CronTrigger, at: now.Add(-20 * time.Minute), want: true},
		"of this very second":                 {trigger: v1alpha1.CronTrigger, at: now, want: true},
		"of a tick that has not come":         {trigger: v1alpha1.CronTrigger, at: now.Add(20 * time.Minute)},
		"of a time between two ticks":         {trigger: v1alpha1.CronTrigger, at: now.Add(-time.Second)},
		"of a tick of the schedule of before": {name: "check-20261124030500", trigger: v1alpha1.CronTrigger, at: now.Add(-15 * time.Minute), want: true},
		"with the name of another tick":       {name: "check-20261124030500", trigger: v1alpha1.CronTrigger, at: now.Add(-14 * time.Minute)},
		"of a person, at the time of a tick":  {trigger: v1alpha1.ManualTrigger, at: now.Add(-20 * time.Minute)},
		"of the start-up, in a tick's second": {trigger: v1alpha1.StartupTrigger, at: now},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clk := clocktesting.NewFakeClock(now)
			source := NewEmptySource("check", clk)
			source.Set(compiled(t, "*/20 * * * *"))
			ticker := NewTicker(NewOpener(OpenerOptions{Source: source, Clock: clk}), now)
			e := &v1alpha1.Execution{}
			if e.Name = tt.name; e.Name == "" {
				e.Name = "mine"
			}
			e.Spec.Trigger, e.Spec.ScheduledTime = tt.trigger, &metav1.Time{Time: tt.at}
			if got := ticker.IsTick(e); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

package definition

import (
	"testing"
	"time"

	"k8s.io/utils/clock"

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

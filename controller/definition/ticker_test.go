package definition

import (
	"context"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// known is Running with executions that have closed.
type known []execution.ID

func (k known) Busy(context.Context, execution.Firing, time.Time) (id execution.ID, about corev1.ObjectReference, busy bool) {
	return "", about, false
}

func (k known) Known(id execution.ID) bool { return slices.Contains(k, id) }

func (k known) OpenedSince(at time.Time) bool {
	return slices.ContainsFunc(k, func(id execution.ID) bool { return !id.Time().Before(at) })
}

func TestStartupIsDueOnceForReplicasThatStartTogether(t *testing.T) {
	started := time.Date(2026, 11, 24, 3, 0, 0, 500, time.UTC)
	tests := map[string]struct {
		runOnStartup bool
		known        []execution.ID
		want         time.Time
	}{
		"nothing has run": {true, nil, started.Add(time.Second)},
		"the last execution is older than this start": {true, []execution.ID{execution.NewID(started.Add(-time.Hour))}, started.Add(time.Second)},
		"another replica has run one since":           {true, []execution.ID{execution.NewID(started.Add(time.Minute))}, time.Time{}},
		"one in the very second":                      {true, []execution.ID{execution.NewID(started)}, time.Time{}},
		"it is not configured":                        {false, nil, time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := config.Config{Definition: config.Definition{RunOnStartup: tt.runOnStartup, StartupDelay: time.Second}}
			ticker := NewTicker(NewOpener(OpenerOptions{Source: &Source{SourceOptions: SourceOptions{Initial: cfg}}, Running: known(tt.known)}), started)
			if got := ticker.startupDue(); !got.Equal(tt.want) {
				t.Errorf("due: got %s, want %s", got, tt.want)
			}
		})
	}
}

package definition

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// memory is a state that no other client changes.
type memory struct{ kept plan.State }

func (m *memory) State() plan.State { return m.kept.Clone() }

func (m *memory) Change(_ context.Context, _ lease.Fence, c state.Change) (uint64, error) {
	return 0, c.Apply(&m.kept)
}

// noCap shares out nothing.
type noCap struct{}

func (noCap) First(plan.State, string, shares.Claim) (share, maxPods int) {
	return execution.NoShare, 0
}

// A person's Execution takes no tick from the Execution of one, whichever is opened first.
func TestOnlyTheExecutionOfATickClaimsIt(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 20, 5, 0, time.UTC)
	tests := map[string]struct {
		trigger v1alpha1.Trigger
		at      time.Time
		claims  bool
	}{
		"that of the tick":                           {v1alpha1.CronTrigger, now.Add(-5 * time.Second), true},
		"that of a time a second later":              {v1alpha1.CronTrigger, now.Add(-4 * time.Second), false},
		"that of a person, at the time of the tick":  {v1alpha1.ManualTrigger, now.Add(-5 * time.Second), false},
		"that of the start-up, in the tick's second": {v1alpha1.StartupTrigger, now.Add(-5 * time.Second), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			clk := clocktesting.NewFakeClock(now)
			source, m := NewSource("check", clk), &memory{}
			source.Set(compiled(t, "*/20 * * * *"))
			opener := NewOpener(OpenerOptions{Source: source, State: m, Shares: noCap{}, Clock: clk})
			e := &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: "mine", UID: "u"}}
			e.Spec.Trigger, e.Spec.ScheduledTime, e.Spec.Paused = tt.trigger, &metav1.Time{Time: tt.at}, true
			entry, err := opener.begin(t.Context(), nil, Opening{Execution: e, Within: time.Minute, Prepare: func(*plan.State) {}})
			if err != nil || entry.UID != "u" {
				t.Fatalf("got %+v, %v; want an entry", entry, err)
			}
			if got := m.kept.TicksOf(source.Latest().TicksOf()).Execution == "u"; got != tt.claims {
				t.Errorf("it claims the tick: got %t, want %t", got, tt.claims)
			}
		})
	}
}

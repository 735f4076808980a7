package door

import (
	"context"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// tries is a state that a change meets try after try. This process knows none of them.
type tries struct {
	*world
	states []plan.State
}

func (s tries) Change(_ context.Context, _ lease.Fence, c state.Change) (chain uint64, err error) {
	for i := range s.states {
		if err = c.Apply(&s.states[i]); err != nil {
			break
		}
	}
	return 1, err
}

func ticksOf(uid string) plan.State {
	return plan.State{Ticks: map[string]plan.Ticks{name: {UID: uid}}}
}

func TestTheTicksOfANodeCronJobThatIsGone(t *testing.T) {
	tests := map[string]struct {
		states []plan.State // of each try
		want   bool         // the last one still has the ticks
	}{
		"there are none": {states: []plan.State{{}}},
		"the response to the write that left them was lost": {states: []plan.State{ticksOf("gone")}},
		"the first try was lost":                            {states: []plan.State{ticksOf("gone"), ticksOf("gone")}},
		"another one of its name has come before the second": {
			states: []plan.State{ticksOf("gone"), ticksOf("new")}, want: true,
		},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			d := newWorld(t).door(plan.ForbidConcurrent)
			d.Opener.State = tries{world: newWorld(t), states: tt.states}
			d.opener.State = d.Opener.State
			testkit.Must(t, d.forgetTicks(t.Context(), nil))
			if _, has := tt.states[len(tt.states)-1].Ticks[name]; has != tt.want {
				t.Errorf("the state has its ticks: %v, want %v", has, tt.want)
			}
		})
	}
}

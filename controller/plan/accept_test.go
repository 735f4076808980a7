package plan

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestAcceptCallback(t *testing.T) {
	cases := map[string]struct {
		state    execution.State
		finished time.Time
		admitted bool
		now      time.Time

		want     error
		wantSays string
	}{
		"a task that runs":                          {state: execution.Running, admitted: true, now: after(0)},
		"a task that is not yet known to run":       {state: execution.Pending, admitted: true, now: after(0)},
		"a task that waits for its turn":            {state: execution.Pending, now: after(0), want: execution.ErrUnknownNode, wantSays: "waits for a slot"},
		"a task that has just ended":                {state: execution.Succeeded, finished: after(0), admitted: true, now: after(time.Second)},
		"a task that failed just now":               {state: execution.Failed, finished: after(0), admitted: true, now: after(time.Second)},
		"the last moment of the grace":              {state: execution.Succeeded, finished: after(0), admitted: true, now: after(CallbackGrace)},
		"after the grace":                           {state: execution.Succeeded, finished: after(0), admitted: true, now: after(CallbackGrace + time.Nanosecond), want: execution.ErrEnded, wantSays: "1m0s ago"},
		"long after the grace":                      {state: execution.Lost, finished: after(0), admitted: true, now: after(2 * time.Hour), want: execution.ErrEnded, wantSays: "2h0m0s ago"},
		"a node whose clock is ahead":               {state: execution.Succeeded, finished: after(time.Hour), admitted: true, now: after(0)},
		"an end that only the record knows of":      {state: execution.Succeeded, admitted: true, now: after(0), want: execution.ErrEnded},
		"a task that was skipped before its turn":   {state: execution.Skipped, finished: after(0), now: after(time.Second), want: execution.ErrUnknownNode},
		"a task that was skipped, after the grace":  {state: execution.Skipped, finished: after(0), now: after(time.Hour), want: execution.ErrEnded},
		"a task that was canceled just now":         {state: execution.Canceled, finished: after(0), admitted: true, now: after(time.Second)},
		"a task that was canceled, after the grace": {state: execution.Canceled, finished: after(0), admitted: true, now: after(time.Hour), want: execution.ErrEnded},
		"a task that was canceled before its turn":  {state: execution.Canceled, finished: after(0), now: after(time.Second), want: execution.ErrUnknownNode},
		"a task that the record has as canceled":    {state: execution.Canceled, admitted: true, now: after(0), want: execution.ErrEnded},
		"a task whose start is known but not a end": {state: execution.Running, admitted: true, now: after(1000 * time.Hour)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			task := execution.Task{Outcome: execution.Outcome{State: tc.state}, Finished: tc.finished}
			err := AcceptCallback(task, tc.admitted, tc.now)
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err != nil && (!strings.Contains(err.Error(), tc.wantSays) || strings.Contains(err.Error(), "2562047h")) {
				t.Errorf("says %q, want %q", err, tc.wantSays)
			}
		})
	}
}

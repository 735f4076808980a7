package execution

import (
	"maps"
	"slices"
	"testing"
)

func TestVerdict(t *testing.T) {
	cases := map[string]struct {
		state                    State
		reported, resultOptional bool

		want    State
		wantBad bool
	}{
		"succeeded and reported":                    {state: Succeeded, reported: true, want: Succeeded},
		"succeeded without the result expected":     {state: Succeeded, want: Unreported, wantBad: true},
		"succeeded without a result that may come":  {state: Succeeded, resultOptional: true, want: Succeeded},
		"succeeded with a result that may come":     {state: Succeeded, reported: true, resultOptional: true, want: Succeeded},
		"failed though it reported":                 {state: Failed, reported: true, want: Failed, wantBad: true},
		"failed without a result that may come":     {state: Failed, resultOptional: true, want: Failed, wantBad: true},
		"lost":                                      {state: Lost, want: Lost, wantBad: true},
		"lost without a result that may come":       {state: Lost, resultOptional: true, want: Lost, wantBad: true},
		"not run":                                   {state: Skipped, want: Skipped},
		"canceled":                                  {state: Canceled, want: Canceled},
		"canceled though it reported":               {state: Canceled, reported: true, want: Canceled},
		"still to come":                             {state: Pending, want: Pending},
		"running, though nothing has come":          {state: Running, want: Running},
		"running, and reported before it has ended": {state: Running, reported: true, want: Running},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			task := Task{Outcome: Outcome{State: tc.state}, Reported: tc.reported, ResultOptional: tc.resultOptional}
			if task.Verdict() != tc.want || task.Bad() != tc.wantBad {
				t.Errorf("the task is %s, bad %t; want %s, %t", task.Verdict(), task.Bad(), tc.want, tc.wantBad)
			}
			if line := NewTaskReport(task); line.Verdict() != tc.want || line.Bad() != tc.wantBad {
				t.Errorf("its line is %s, bad %t; want %s, %t", line.Verdict(), line.Bad(), tc.want, tc.wantBad)
			}
		})
	}
}

func TestCount(t *testing.T) {
	cases := map[string]struct {
		verdicts []State

		want     Counts
		wantBad  int
		wantText string
	}{
		"nothing": {want: Counts{}},
		"one of each": {
			verdicts: []State{Canceled, Skipped, Lost, Failed, Unreported, Succeeded, Running, Pending},
			want:     Counts{Canceled: 1, Skipped: 1, Lost: 1, Failed: 1, Unreported: 1, Succeeded: 1, Running: 1, Pending: 1},
			wantBad:  3, wantText: "1 succeeded, 1 unreported, 1 failed, 1 lost, 1 skipped, 1 canceled",
		},
		"three that never reported are not among those that succeeded": {
			verdicts: []State{Unreported, Unreported, Unreported},
			want:     Counts{Unreported: 3}, wantBad: 3, wantText: "3 unreported",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Count(slices.Values(tc.verdicts))
			if !maps.Equal(got, tc.want) || got.Bad() != tc.wantBad || got.String() != tc.wantText {
				t.Errorf("%v, bad %d, %q; want %v, %d, %q", got, got.Bad(), got, tc.want, tc.wantBad, tc.wantText)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	cases := map[string]struct {
		task Task
		want bool
	}{
		"one that ended by itself":                   {task: Task{Outcome: Outcome{State: Failed}}, want: true},
		"one that runs":                              {task: Task{Outcome: Outcome{State: Running}}, want: true},
		"one that was canceled before it started":    {task: Task{Outcome: Outcome{State: Canceled, Reason: NotStarted}}},
		"one that was stopped after its result":      {task: Task{Outcome: Outcome{State: Canceled, Reason: Stopped}, Reported: true}, want: true},
		"one that was stopped after an event":        {task: Task{Outcome: Outcome{State: Canceled, Reason: Stopped}, Heard: true}},
		"one that was stopped after all it may send": {task: Task{Outcome: Outcome{State: Canceled, Reason: Stopped}, Heard: true, ResultOptional: true}, want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got, line := tc.task.Known(), NewTaskReport(tc.task).Known(); got != tc.want || line != tc.want {
				t.Errorf("known: the task %t, its line %t; want %t", got, line, tc.want)
			}
		})
	}
}

func TestResultOfAReport(t *testing.T) {
	cases := map[string]struct {
		states []State
		want   string
	}{
		"no node":                          {want: "succeeded"},
		"good and skipped nodes":           {states: []State{Succeeded, Skipped}, want: "succeeded"},
		"a canceled node beside good ones": {states: []State{Succeeded, Canceled}, want: "canceled"},
		"a bad node beside canceled ones":  {states: []State{Canceled, Lost}, want: "failed"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var r Report
			for _, state := range tc.states {
				r.Tasks = append(r.Tasks, TaskReport{State: state, Reported: true})
			}
			if got := r.Result(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// The outcome of an execution is computed from its report or from its record. Both must be
// equal.
func TestReportAndRecordCountTheSame(t *testing.T) {
	cases := map[string]struct {
		optional bool
		want     Counts
	}{
		"results are expected": {want: Counts{Succeeded: 1, Unreported: 1, Failed: 1}},
		"results are optional": {optional: true, want: Counts{Succeeded: 2, Failed: 1}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := planOf(3, 3)
			p.Settings.ResultOptional = tc.optional
			l := NewLedger(p, Account{Phase: Open})
			write(l)
			l.NoteReported(0)
			l.NoteHeard(1)
			finish(l, 0, succeeded)
			finish(l, 1, succeeded)
			finish(l, 2, oomKilled)
			write(l)
			report := l.Report(at("2026-03-04T05:01:00Z"))
			closed := l.Close(report)
			if got := report.Count(); !maps.Equal(got, tc.want) {
				t.Errorf("the report has %v, want %v", got, tc.want)
			}
			if got := closed.Count(); !maps.Equal(got, tc.want) {
				t.Errorf("the record has %v, want %v", got, tc.want)
			}
			for i, want := range []bool{true, true, false} {
				if line := report.Tasks[i]; line.Heard != want || line.Reported != (i == 0) {
					t.Errorf("%s: heard of %t, reported %t", line.Node, line.Heard, line.Reported)
				}
			}
		})
	}
}

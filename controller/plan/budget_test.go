package plan

import (
	"errors"
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// limitOf returns the limit that an error names, or "".
func limitOf(err error) execution.Limit {
	var limit *execution.LimitError
	if errors.As(err, &limit) {
		return limit.Limit
	}
	return ""
}

var start = time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)

func TestBudgetOfResultsAndEvents(t *testing.T) {
	small := BudgetLimits{Results: 3, Events: 4, EventBurst: 2, EventInterval: 10 * time.Second, EventsPerSecond: 5}
	result := func(q *Budget, task int, _ time.Duration) error { return q.TakeResult(task) }
	event := func(q *Budget, task int, at time.Duration) error { return q.TakeEvent(task, start.Add(at)) }
	type step struct {
		task int
		at   time.Duration
	}
	times := func(n int, s step) []step {
		steps := make([]step, n)
		for i := range steps {
			steps[i] = s
		}
		return steps
	}
	tests := map[string]struct {
		limits    BudgetLimits
		take      func(*Budget, int, time.Duration) error
		before    []step // all are accepted
		last      step
		want      execution.Limit // empty: it is taken
		wantAfter time.Duration
	}{
		"one result less than may be":             {limits: small, take: result, before: times(1, step{})},
		"as many results as may be":               {limits: small, take: result, before: times(2, step{})},
		"one result more":                         {limits: small, take: result, before: times(3, step{}), want: execution.ResultsPerTask},
		"a result of a node, another has no more": {limits: small, take: result, before: times(3, step{}), last: step{task: 1}},
		"twenty results by default":               {take: result, before: times(19, step{})},
		"twenty-one results by default":           {take: result, before: times(20, step{}), want: execution.ResultsPerTask},

		"as many events at once as may be":          {limits: small, take: event, before: times(1, step{})},
		"one event too many at once":                {limits: small, take: event, before: times(2, step{}), want: execution.EventInterval, wantAfter: 10 * time.Second},
		"one event a moment too early":              {limits: small, take: event, before: times(2, step{}), last: step{at: 9999 * time.Millisecond}, want: execution.EventInterval, wantAfter: time.Millisecond},
		"one event after the interval":              {limits: small, take: event, before: times(2, step{}), last: step{at: 10 * time.Second}},
		"as many at once as may be, after a while":  {limits: small, take: event, before: append(times(2, step{}), step{at: time.Hour}), last: step{at: time.Hour}},
		"the clock was set back":                    {limits: small, take: event, before: times(2, step{}), last: step{at: -time.Hour}, want: execution.EventInterval, wantAfter: time.Hour + 10*time.Second},
		"an event of a node, another sends many":    {limits: small, take: event, before: times(2, step{}), last: step{task: 1}},
		"as many events as may be":                  {limits: small, take: event, before: append(times(2, step{}), step{at: time.Hour}), last: step{at: 2 * time.Hour}},
		"one event more":                            {limits: small, take: event, before: append(times(2, step{}), step{at: time.Hour}, step{at: 2 * time.Hour}), last: step{at: 3 * time.Hour}, want: execution.EventsPerTask},
		"as many events of all as may be":           {limits: small, take: event, before: []step{{task: 1}, {task: 2}, {task: 3}, {task: 4}}},
		"one event of all too many":                 {limits: small, take: event, before: []step{{task: 1}, {task: 2}, {task: 3}, {task: 4}, {task: 5}}, want: execution.EventsPerSecond, wantAfter: 200 * time.Millisecond},
		"one event of all a fifth of a second on":   {limits: small, take: event, before: []step{{task: 1}, {task: 2}, {task: 3}, {task: 4}, {task: 5}}, last: step{at: 200 * time.Millisecond}},
		"ten events at once by default":             {take: event, before: times(9, step{})},
		"eleven events at once by default":          {take: event, before: times(10, step{}), want: execution.EventInterval, wantAfter: 30 * time.Second},
		"the eleventh half a minute on, by default": {take: event, before: times(10, step{}), last: step{at: 30 * time.Second}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := NewBudget(tt.limits, 10)
			for i, s := range tt.before {
				if err := tt.take(q, s.task, s.at); err != nil {
					t.Fatalf("%d: %v", i, err)
				}
			}
			err := tt.take(q, tt.last.task, tt.last.at)
			var limit *execution.LimitError
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v, want it taken", err)
				}
				return
			}
			wantErr := execution.ErrTooMany
			if tt.wantAfter == 0 {
				wantErr = execution.ErrUsedUp // waiting does not help
			}
			if !errors.As(err, &limit) || limit.Limit != tt.want || limit.RetryAfter != tt.wantAfter || !errors.Is(err, wantErr) {
				t.Errorf("got %+v, want %s, after %s", limit, tt.want, tt.wantAfter)
			}
		})
	}
}

func TestWhatWasNotStoredDoesNotCount(t *testing.T) {
	q := NewBudget(BudgetLimits{Results: 1, Events: 1, EventBurst: 1, EventsPerSecond: 1}, 1)
	for i := range 3 {
		if err := q.TakeResult(0); err != nil {
			t.Errorf("result %d: %v", i, err)
		}
		if err := q.TakeEvent(0, start); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
		q.ReturnResult(0)
		q.ReturnEvent(0)
	}
	if err := q.TakeResult(0); err != nil {
		t.Errorf("the first that counts: %v", err)
	}
	if err := q.TakeResult(0); limitOf(err) != execution.ResultsPerTask {
		t.Errorf("the second: got %v", err)
	}
}

// A rejected event uses none of the rate of all nodes together.
func TestRejectedEventsDoNotCount(t *testing.T) {
	q := NewBudget(BudgetLimits{EventBurst: 1, EventsPerSecond: 2}, 2)
	for range 100 {
		_ = q.TakeEvent(0, start) // but for the first, for its own sake
	}
	if err := q.TakeEvent(1, start); err != nil {
		t.Errorf("the other node: %v", err)
	}
}

// Over a day, a node that floods gets as many events accepted as its rate allows.
func TestEventsOverALongTime(t *testing.T) {
	q := NewBudget(BudgetLimits{Events: 1_000_000, EventBurst: 10, EventInterval: 30 * time.Second}, 1)
	taken := 0
	for at := time.Duration(0); at <= 24*time.Hour; at += time.Second {
		if q.TakeEvent(0, start.Add(at)) == nil {
			taken++
		}
	}
	if want := 10 + 24*60*2; taken != want {
		t.Errorf("%d events were taken, want %d", taken, want)
	}
}

func TestTheBudgetOfTenThousandNodesIsSmall(t *testing.T) {
	const most = 600 << 10
	if size := 10_000 * int(unsafe.Sizeof(used{})); size > most {
		t.Errorf("it has %d bytes, want at most %d", size, most)
	}
	q := NewBudget(BudgetLimits{}, 10_000)
	for task := range 10_000 {
		for n := range 5 {
			up, err := q.BeginFile(task, fmt.Sprint(n), 0, false)
			if err != nil {
				t.Fatal(err)
			}
			q.EndFile(up, true)
		}
	}
	if n := len(q.arriving); n != 0 {
		t.Errorf("%d files are remembered, want none", n)
	}
}

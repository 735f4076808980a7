package controller

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestStateBeginsEachExecutionOnce(t *testing.T) {
	tick := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	now := tick.Add(5 * time.Second)
	tests := map[string]struct {
		state   state
		trigger execution.Trigger
		wantID  execution.ID // empty: it does not begin
	}{
		"the first ever":                          {state{}, execution.Cron, "20261124034200"},
		"a tick after the last":                   {state{lastTick: tick.Add(-time.Minute), newest: "20261124034100"}, execution.Cron, "20261124034200"},
		"a tick that was dealt with":              {state{lastTick: tick}, execution.Cron, ""},
		"a tick that was passed over":             {state{lastTick: tick.Add(time.Hour)}, execution.Cron, ""},
		"another one is being opened":             {state{opening: &opening{execution.Startup, tick}, newest: "20261124034100"}, execution.Cron, ""},
		"a start-up in the second of another":     {state{lastTick: tick, newest: "20261124034200"}, execution.Startup, "20261124034201"},
		"a start-up after the clock was set back": {state{lastTick: tick, newest: "20271124034200"}, execution.Startup, "20271124034201"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state
			begins := s.begin("", opening{tt.trigger, tick}, now)
			if begins != (tt.wantID != "") || (begins && s.newest != tt.wantID) {
				t.Errorf("begins: %t, with the ID %s, want %q", begins, s.newest, tt.wantID)
			}
			if begins && tt.trigger == execution.Cron && !s.lastTick.Equal(now) {
				t.Errorf("last tick: got %s, want %s", s.lastTick, now)
			}
		})
	}
}

func TestStateFollowsTheSchedule(t *testing.T) {
	last := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	now := last.Add(6 * time.Hour)
	tests := map[string]struct {
		state    state
		known    bool // the schedule of the state, to the process
		wantLast time.Time
		wantNews bool
	}{
		"the first start":                             {state{}, false, now, true},
		"the schedule is the same":                    {state{lastTick: last, schedule: "a"}, true, last, false},
		"it was changed while no replica led":         {state{lastTick: last, schedule: "b"}, false, now, true},
		"it was changed under a standby that saw it":  {state{lastTick: last, schedule: "b"}, true, last, false},
		"it was changed after the clock was ahead":    {state{lastTick: now.Add(time.Hour), schedule: "b"}, false, now.Add(time.Hour), true},
		"a state of before does not say the schedule": {state{lastTick: last}, false, last, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state
			news := s.follow("a", func(string) bool { return tt.known }, now)
			if news != tt.wantNews || !s.lastTick.Equal(tt.wantLast) {
				t.Errorf("news: %t, last tick %s, want %t, %s", news, s.lastTick, tt.wantNews, tt.wantLast)
			}
			if news && s.schedule != "a" {
				t.Errorf("schedule: got %q, want a", s.schedule)
			}
		})
	}
}

func TestStateIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	tests := map[string]struct {
		state state
	}{
		"nothing":                  {state{}},
		"a tick":                   {state{lastTick: at}},
		"a tick of a schedule":     {state{lastTick: at, schedule: "CRON_TZ=UTC 42 3 * * *"}},
		"an execution":             {state{lastTick: at, newest: "20261124034200"}},
		"one that is being opened": {state{lastTick: at, newest: "20261124034200", opening: &opening{execution.Manual, at}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, problems := parseState(&corev1.ConfigMap{Data: tt.state.data()})
			got.object = nil
			if diff := cmp.Diff(tt.state, got, cmp.AllowUnexported(state{}, opening{})); diff != "" || len(problems) > 0 {
				t.Errorf("problems %q, state (-want +got):\n%s", problems, diff)
			}
		})
	}
}

func TestDamagedStateIsForgotten(t *testing.T) {
	tests := map[string]struct {
		data map[string]string
		want int // problems
	}{
		"a tick that is no time":        {map[string]string{lastTickKey: "yesterday"}, 1},
		"an ID that is none":            {map[string]string{newestKey: "../x"}, 1},
		"an opening without a time":     {map[string]string{newestKey: "20261124034200", openingKey: "cron"}, 1},
		"an opening without a trigger":  {map[string]string{newestKey: "20261124034200", openingKey: " 2026-11-24T03:42:00Z"}, 1},
		"an opening without an ID":      {map[string]string{openingKey: "cron 2026-11-24T03:42:00Z"}, 0},
		"keys that somebody else needs": {map[string]string{"note": "mine"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, problems := parseState(&corev1.ConfigMap{Data: tt.data})
			if len(problems) != tt.want || s.opening != nil || !s.lastTick.IsZero() {
				t.Errorf("got %+v, problems %q, want %d", s, problems, tt.want)
			}
			if got := s.data()["note"]; got != tt.data["note"] {
				t.Errorf("note: got %q, want %q", got, tt.data["note"])
			}
		})
	}
}

// The leader dies after the state was swapped, before there is a record.
func TestExecutionThatWasBeingOpenedIsOpenedByTheNextLeader(t *testing.T) {
	tests := map[string]struct {
		after time.Duration // until the next leader
		want  []string      // when the executions were scheduled
	}{
		"soon":                       {5 * time.Second, []string{"00:10"}},
		"after its startingDeadline": {4 * time.Minute, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				store := newMemoryStore()
				cfg := testConfig(func(c *config.Config) {
					c.RunOnStartup, c.CronExpression, c.StartingDeadline = false, "*/10 * * * *", 2*time.Minute
				})
				var dead atomic.Bool
				dead.Store(true)
				c.react("create", "configmaps", func(action clienttesting.Action) (bool, runtimeObject, error) {
					name := action.(clienttesting.CreateAction).GetObject().(metav1.Object).GetName()
					return dead.Load() && name != testName+stateSuffix, nil, errors.New("dead")
				})
				r := startReplica(t, c, store, cfg)
				time.Sleep(10*time.Minute + 100*time.Millisecond)
				r.kill()
				dead.Store(false)
				time.Sleep(tt.after)
				r = startReplica(t, c, store, cfg)
				defer r.kill()
				time.Sleep(strayTime + 15*time.Second) // a create of the dead leader may come so late
				var got []string
				for _, rec := range c.records() {
					got = append(got, rec.plan.Scheduled.Format("15:04"))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("executions: got %v, want %v", got, tt.want)
				}
				state, err := r.readState(t.Context())
				must(t, err)
				if state.opening != nil {
					t.Errorf("still opening: %+v", state.opening)
				}
				if want := float64(1 - len(tt.want)); r.metric("batch_job_controller_ticks_missed_total") != want {
					t.Errorf("ticks missed: want %v", want)
				}
			})
		})
	}
}

// A leader is held up before it swaps the state. Meanwhile its successor has
// opened, closed and forgotten an execution, and opened another.
func TestLeaderThatWasReplacedOpensNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.RunOnStartup, c.CronExpression = false, "0 0 1 1 *" })
		old := startReplica(t, c, store, cfg)
		time.Sleep(time.Second)
		old.kill() // its memory is still there
		next := startReplica(t, c, store, testConfig())
		defer next.kill()
		time.Sleep(5 * time.Second)
		before := len(c.records())

		err := old.swapState(t.Context(), unfenced, func(s *state) bool {
			return s.begin("", opening{execution.Startup, time.Now()}, time.Now())
		})
		if !apierrors.IsConflict(err) {
			t.Errorf("swap: got %v, want a conflict", err)
		}
		if got := len(c.records()); got != before || before != 1 {
			t.Errorf("records: got %d, before %d, want one", got, before)
		}
	})
}

// Somebody else's ConfigMap has the name of the next record.
func TestExecutionWhoseNameIsTakenGetsTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		start := execution.NewID(time.Now().Add(time.Second))
		must(t, c.client.Tracker().Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: testNamespace, Name: testName + "-" + string(start),
		}}))
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(10 * time.Second)
		if all := c.records(); len(all) != 1 || all[0].plan.ID != start.Next() || all[0].account.Phase != execution.Closed {
			t.Errorf("records: got %+v, want %s closed", all, start.Next())
		}
	})
}

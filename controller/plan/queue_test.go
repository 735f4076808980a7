package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// queueCase is a case of TestDecide: how it differs from an Execution of a person for which
// nothing stands in the way.
type queueCase struct {
	waiting func(*Waiting)
	door    func(*Door)
	now     time.Duration

	want       Move
	wantReason RejectReason
	wantSays   string
	wantUntil  time.Duration // 0: no need
}

const queueDeadline = 5 * time.Minute

func openDoor() (Waiting, Door) {
	return Waiting{Name: "check-x", UID: "x", Definition: "check", Trigger: execution.Manual, Created: origin, Noticed: origin},
		Door{Known: true, Accepted: true, Policy: ForbidConcurrent, Deadline: queueDeadline}
}

// tickOf has the Execution be that of the tick at a time.
func tickOf(at time.Duration) func(*Waiting) {
	return func(w *Waiting) { w.Trigger, w.Scheduled = execution.Cron, after(at) }
}

func startupAt(at time.Duration) func(*Waiting) {
	return func(w *Waiting) { w.Trigger, w.Scheduled = execution.Startup, after(at) }
}

// busy has another execution be open.
func busy(policy Policy, open OpenExecution) func(*Door) {
	return func(d *Door) {
		open.Name = "check-y"
		d.Policy, d.Open = policy, &open
	}
}

func decidedByItself() map[string]queueCase {
	return map[string]queueCase{
		"nothing is in the way": {want: MoveOpen},
		"1: canceled before it opened": {
			waiting: func(w *Waiting) { w.Cancel = CancelDrain }, want: MoveReject, wantReason: RejectCanceled,
		},
		"1: canceled after an earlier leader began it": {
			waiting: func(w *Waiting) { w.Cancel = CancelStop }, door: func(d *Door) { d.HasEntry = true }, want: MoveReject, wantReason: RejectCanceled,
		},
		"2: its NodeCronJob is not there yet": {
			door: func(d *Door) { d.Known, d.Accepted = false, false }, now: time.Second, want: MoveWait, wantUntil: unknownPause,
		},
		"2: its NodeCronJob is not there": {
			door: func(d *Door) { d.Known, d.Accepted = false, false }, now: unknownPause, want: MoveReject, wantReason: RejectNotFound, wantSays: "no NodeCronJob check",
		},
		"3: no spec was accepted yet": {
			door: func(d *Door) { d.Accepted = false }, now: queueDeadline, want: MoveWait, wantUntil: queueDeadline + time.Nanosecond,
		},
		"3: no spec was accepted until the deadline": {
			door: func(d *Door) { d.Accepted = false }, now: queueDeadline + 1, want: MoveReject, wantReason: RejectNotAccepted, wantSays: "NodeCronJob check",
		},
		"3: no spec was accepted, and there is no deadline": {
			door: func(d *Door) { d.Accepted, d.Deadline = false, 0 }, now: 24 * time.Hour, want: MoveWait,
		},
		"5: too late, counted from its creation": {
			now: queueDeadline + 1, want: MoveReject, wantReason: RejectTooLate, wantSays: "5m0s after 2026-03-04T05:00:00Z",
		},
		"5: too late, counted from its tick": {
			waiting: tickOf(time.Minute), now: queueDeadline + time.Minute + 1, want: MoveReject, wantReason: RejectTooLate,
		},
		"5: too late, because of an error": {
			door: func(d *Door) { d.LastError = errors.New("list the nodes: timeout") }, now: time.Hour, want: MoveReject, wantReason: RejectTooLate, wantSays: ": list the nodes: timeout",
		},
		"5: too late, though an earlier leader began it": {
			door: func(d *Door) { d.HasEntry = true }, now: time.Hour, want: MoveReject, wantReason: RejectTooLate,
		},
		"5: the last moment":                 {now: queueDeadline, want: MoveOpen},
		"5: long ago, without a deadline":    {door: func(d *Door) { d.Deadline = 0 }, now: 24 * time.Hour, want: MoveOpen},
		"6: an earlier leader began it":      {door: func(d *Door) { d.HasEntry = true }, want: MoveOpen},
		"13: nothing is open, under Queue":   {door: func(d *Door) { d.Policy, d.NewerWaiting = QueueConcurrent, 3 }, want: MoveOpen},
		"13: nothing is open, under Replace": {door: func(d *Door) { d.Policy = ReplaceConcurrent }, want: MoveOpen},
	}
}

func decidedByItsTrigger() map[string]queueCase {
	passed := func(until time.Duration, uid string) func(*Door) {
		return func(d *Door) { d.Passed, d.PassedFor = after(until), uid }
	}
	opened := func(at time.Duration) func(*Door) {
		return func(d *Door) { d.Opened, d.StartupDelay = after(at), 10*time.Second }
	}
	return map[string]queueCase{
		"4: a tick that is due":     {waiting: tickOf(0), door: passed(-time.Hour, "y"), want: MoveOpen},
		"4: a tick that has passed": {waiting: tickOf(0), door: passed(0, "y"), want: MoveReject, wantReason: RejectTickHandled, wantSays: "was handled before"},
		"4: a tick that was skipped": {
			waiting: tickOf(0), door: passed(time.Minute, ""), want: MoveReject, wantReason: RejectTickHandled,
		},
		"4: a tick that has passed for it": {waiting: tickOf(0), door: passed(time.Second, "x"), want: MoveOpen},
		"4: a tick that was queued, before a later one passed": {
			waiting: func(w *Waiting) { tickOf(0)(w); w.Queued = true }, door: passed(time.Minute, "z"), want: MoveOpen,
		},
		"4: a tick that has come by the clock of the leader before": {
			waiting: tickOf(time.Second), door: passed(-time.Hour, "y"), want: MoveWait, wantUntil: time.Second,
		},
		"4: a tick that has not come": {
			waiting: tickOf(time.Minute), door: passed(-time.Hour, "y"), want: MoveReject, wantReason: RejectTickHandled, wantSays: "has not come",
		},
		"4: a person is not bound by ticks":     {door: passed(time.Hour, "y"), want: MoveOpen},
		"7: the startup":                        {waiting: startupAt(10 * time.Second), door: opened(-time.Second), now: 10 * time.Second, want: MoveOpen},
		"7: the startup, before any other":      {waiting: startupAt(10 * time.Second), now: 10 * time.Second, want: MoveOpen},
		"7: another startup of the same moment": {waiting: startupAt(10 * time.Second), door: opened(0), now: 10 * time.Second, want: MoveReject, wantReason: RejectTickHandled, wantSays: "after the controller had started"},
		"7: a startup that was begun": {
			waiting: startupAt(10 * time.Second), door: func(d *Door) { opened(11 * time.Second)(d); d.HasEntry = true }, now: 12 * time.Second, want: MoveOpen,
		},
	}
}

func decidedByOthers() map[string]queueCase {
	running, stopping := OpenExecution{Stoppable: true}, OpenExecution{Stoppable: true, Cancel: CancelStop}
	late := queueDeadline + time.Nanosecond
	newer := func(d *Door) { busy(ReplaceConcurrent, running)(d); d.NewerWaiting = 1 }
	heldUp := func(w *Waiting) { w.HeldUp = after(4 * time.Minute) }
	return map[string]queueCase{
		"8: another is open, under Forbid": {
			door: busy(ForbidConcurrent, running), want: MoveReject, wantReason: RejectForbidden, wantSays: "execution check-y has not ended",
		},
		"8: another is open, under no policy that is known": {door: busy("", running), want: MoveReject, wantReason: RejectForbidden},
		"8: another was deleted, and its pods run":          {door: busy(ForbidConcurrent, OpenExecution{}), want: MoveReject, wantReason: RejectForbidden},
		"9: another is open, under Queue":                   {door: busy(QueueConcurrent, running), now: time.Minute, want: MoveWait, wantUntil: late},
		"9: another is open, under Queue, for too long": {
			door: busy(QueueConcurrent, running), now: late, want: MoveReject, wantReason: RejectTooLate, wantSays: ": execution check-y has not ended",
		},
		"10: a newer one waits, under Replace": {door: newer, want: MoveReject, wantReason: RejectReplaced},
		"10: a newer one waits, and nothing is open": {
			door: func(d *Door) { d.Policy, d.NewerWaiting = ReplaceConcurrent, 1 }, want: MoveReject, wantReason: RejectReplaced,
		},
		"11: another is open, under Replace": {door: busy(ReplaceConcurrent, running), want: MoveReplace, wantUntil: late},
		"11: another is open, under Replace, and a person drains it": {
			door: busy(ReplaceConcurrent, OpenExecution{Stoppable: true, Cancel: CancelDrain}), want: MoveReplace, wantUntil: late,
		},
		"12: another stops, under Replace":                            {door: busy(ReplaceConcurrent, stopping), want: MoveWait, wantUntil: late},
		"12: another was deleted, and its pods run, under Replace":    {door: busy(ReplaceConcurrent, OpenExecution{}), want: MoveWait, wantUntil: late},
		"12: another takes long to stop, under Replace":               {waiting: heldUp, door: busy(ReplaceConcurrent, stopping), now: 6 * time.Minute, want: MoveWait, wantUntil: late + 4*time.Minute},
		"12: another took long to stop, under Replace":                {waiting: heldUp, door: func(d *Door) { d.Policy = ReplaceConcurrent }, now: 6 * time.Minute, want: MoveOpen},
		"12: another takes longer than a stop may, under Replace":     {waiting: heldUp, door: busy(ReplaceConcurrent, stopping), now: 9*time.Minute + 1, want: MoveReject, wantReason: RejectTooLate},
		"6: begun by an earlier leader, though the policy would wait": {door: func(d *Door) { busy(QueueConcurrent, running)(d); d.HasEntry = true }, want: MoveOpen},
	}
}

func TestDecide(t *testing.T) {
	for _, some := range []map[string]queueCase{decidedByItself(), decidedByItsTrigger(), decidedByOthers()} {
		for name, tc := range some {
			t.Run(name, func(t *testing.T) {
				w, d := openDoor()
				if tc.waiting != nil {
					tc.waiting(&w)
				}
				if tc.door != nil {
					tc.door(&d)
				}
				got := Decide(w, d, after(tc.now))
				if got.Do != tc.want || got.Reason != tc.wantReason || !strings.Contains(got.Message, tc.wantSays) {
					t.Errorf("%+v, want %s %s %q", got, tc.want, tc.wantReason, tc.wantSays)
				}
				if want := after(tc.wantUntil); tc.wantUntil == 0 && !got.Until.IsZero() || tc.wantUntil != 0 && !got.Until.Equal(want) {
					t.Errorf("decides again at %s, want %s", got.Until, want)
				}
			})
		}
	}
}

func TestContends(t *testing.T) {
	for name, some := range map[string]map[string]queueCase{"by itself": decidedByItself(), "by its trigger": decidedByItsTrigger()} {
		for which, tc := range some {
			t.Run(name+": "+which, func(t *testing.T) {
				w, d := openDoor()
				if tc.waiting != nil {
					tc.waiting(&w)
				}
				if tc.door != nil {
					tc.door(&d)
				}
				busy(ForbidConcurrent, OpenExecution{Stoppable: true})(&d)
				if got, want := Contends(w, d, after(tc.now)), tc.want != MoveReject; got != want {
					t.Errorf("got %t, want %t", got, want)
				}
			})
		}
	}
}

// FuzzDecide checks that each case is decided, and that the order of the rules about other
// Executions does not matter.
func FuzzDecide(f *testing.F) {
	for bits := uint32(0); bits < 1<<11; bits++ {
		f.Add(bits*0x9e3779b1, int64(bits%7)*int64(time.Minute), int64(bits%5)*int64(time.Minute))
	}
	f.Fuzz(func(t *testing.T, bits uint32, now, deadline int64) {
		w, d := drawn(bits)
		d.Deadline = time.Duration(deadline)
		at := after(time.Duration(now))
		got := Decide(w, d, at)
		switch got.Do {
		case MoveOpen:
		case MoveWait, MoveReplace:
			if !got.Until.IsZero() && !got.Until.After(at) {
				t.Errorf("%+v, %+v: waits until %s at %s", w, d, got.Until, at)
			}
			if got.Until.IsZero() && d.Deadline > 0 && d.Known {
				t.Errorf("%+v, %+v: waits without a limit", w, d)
			}
		case MoveReject:
			if got.Reason == "" || got.Message == "" {
				t.Errorf("%+v, %+v: rejected without a reason: %+v", w, d, got)
			}
		default:
			t.Errorf("%+v, %+v: does %q", w, d, got.Do)
		}
		for range 6 {
			order := slices.Clone(busyRules)
			for i := range order {
				bits = bits*1664525 + 1013904223
				j := i + int(bits>>16)%(len(order)-i)
				order[i], order[j] = order[j], order[i]
			}
			if other := firstOfRules(slices.Concat(headRules, order), w, d, at); other != got {
				t.Fatalf("%+v, %+v: in another order %+v, not %+v", w, d, other, got)
			}
		}
	})
}

// drawn returns a case whose facts are the bits.
func drawn(bits uint32) (Waiting, Door) {
	take := func(n uint32) int {
		value := bits % n
		bits /= n
		return int(value)
	}
	minutes := func() time.Time { return after(time.Duration(take(5)-2) * time.Minute) }
	w, d := openDoor()
	w.Cancel = []Cancel{NotCanceled, NotCanceled, CancelDrain, CancelStop}[take(4)]
	w.Trigger = []execution.Trigger{execution.Cron, execution.Startup, execution.Manual}[take(3)]
	d.Policy = []Policy{ForbidConcurrent, QueueConcurrent, ReplaceConcurrent, "Other"}[take(4)]
	d.NewerWaiting = take(2)
	if take(4) > 0 {
		d.Open = &OpenExecution{Name: "check-y", Cancel: []Cancel{NotCanceled, CancelDrain, CancelStop}[take(3)], Stoppable: take(2) == 0}
	}
	d.Known, d.Accepted, d.HasEntry, w.Queued = take(5) > 0, take(5) > 0, take(5) == 0, take(3) == 0
	w.Scheduled, d.Passed, d.Opened = minutes(), minutes(), minutes()
	w.HeldUp, w.Noticed = minutes(), minutes()
	d.PassedFor = []string{"x", "y"}[take(2)]
	return w, d
}

func TestDecideTick(t *testing.T) {
	cases := map[string]struct {
		door      func(*Door)
		suspended bool
		want      TickDecision
	}{
		"nothing is open": {want: TickDecision{Do: TickCreate}},
		"suspended":       {suspended: true, want: TickDecision{Do: TickSkip, Reason: SkipSuspended}},
		"suspended, while another is open": {
			door: busy(ForbidConcurrent, OpenExecution{}), suspended: true, want: TickDecision{Do: TickSkip, Reason: SkipSuspended},
		},
		"another is open, under Forbid": {
			door: busy(ForbidConcurrent, OpenExecution{}), want: TickDecision{Do: TickSkip, Reason: SkipOpenExecution, Announce: true},
		},
		"another is open, under Queue":   {door: busy(QueueConcurrent, OpenExecution{}), want: TickDecision{Do: TickCreate}},
		"another is open, under Replace": {door: busy(ReplaceConcurrent, OpenExecution{}), want: TickDecision{Do: TickCreate}},
		"the head is tried again":        {door: func(d *Door) { d.Trying = true }, want: TickDecision{Do: TickLater}},
		"the head is being opened, and has its entry": {
			door: func(d *Door) { busy(ForbidConcurrent, OpenExecution{})(d); d.Trying = true }, want: TickDecision{Do: TickLater},
		},
		"no spec is accepted": {door: func(d *Door) { d.Accepted = false }, want: TickDecision{Do: TickLater}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, d := openDoor()
			if tc.door != nil {
				tc.door(&d)
			}
			if got := DecideTick(d, tc.suspended); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

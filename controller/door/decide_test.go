package door

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

var errNotYet = errors.New("the Service does not exist")

// What a tick finds decides whether it gets an Execution (plan.DecideTick).
func TestWhatATickFinds(t *testing.T) {
	tests := map[string]struct {
		policy plan.Policy
		given  func(*world, *Door)

		wantOpen   string // the UID of the execution that is open; empty: none is known to be
		wantTrying bool   // it is not known yet what becomes of an earlier one
		wantErr    error  // of the last try to open that
	}{
		"nothing": {given: func(*world, *Door) {}},
		"an execution that is open": {
			given:    func(w *world, d *Door) { w.runs(d, object("a", 10), execution.Open) },
			wantOpen: "a",
		},
		"one whose entry is only to be removed": {
			given: func(_ *world, d *Door) { d.hold(hold{Entry: plan.Entry{UID: "a"}, is: Over}) },
		},
		"one that may be open, as far as is known": {
			given:      func(_ *world, d *Door) { d.hold(hold{Entry: plan.Entry{UID: "a"}, is: Unclear}) },
			wantTrying: true,
		},
		"a deleted one, without a pod that was seen": {
			given:      func(_ *world, d *Door) { d.hold(hold{Entry: plan.Entry{UID: "a"}, is: Alone}) },
			wantTrying: true,
		},
		"a deleted one, with a pod that runs": {
			given:    func(_ *world, d *Door) { d.hold(hold{Entry: plan.Entry{UID: "a"}, is: Alone, busy: true}) },
			wantOpen: "a",
		},
		"one that is open beside one that may be": {
			given: func(w *world, d *Door) {
				d.hold(hold{Entry: plan.Entry{UID: "unclear"}, is: Unclear})
				w.runs(d, object("a", 10), execution.Open)
			},
			wantOpen: "a",
		},
		"one that waits": {
			given:      func(_ *world, d *Door) { d.line.add(object("a", 1), time.Now(), true) },
			wantTrying: true,
		},
		"one that waits, and could not be opened": {
			given: func(_ *world, d *Door) {
				d.line.add(object("a", 1), time.Now(), true)
				d.line.waiters[0].tried = errNotYet
			},
			wantTrying: true, wantErr: errNotYet,
		},
		"one that will never open, although its status does not say so": {
			given: func(_ *world, d *Door) {
				d.line.add(object("a", 1), time.Now(), true)
				d.line.waiters[0].told = true
			},
		},
		"one that waits behind an open one, which Forbid rejects first": {
			policy: plan.ForbidConcurrent,
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.line.add(object("b", 1, queued), time.Now(), true)
			},
			wantOpen: "a", wantTrying: true,
		},
		"one of an earlier tick that waits in line": {
			policy: plan.QueueConcurrent,
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.line.add(object("b", 1, ofTick, queued), time.Now(), true)
			},
			wantOpen: "a",
		},
		"one of an earlier tick whose status does not say yet that it waits": {
			policy: plan.QueueConcurrent,
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.line.add(object("b", 1, ofTick), time.Now(), true)
			},
			wantOpen: "a", wantTrying: true,
		},
		"one of a person whose status does not say yet that it waits": {
			policy: plan.QueueConcurrent,
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.line.add(object("b", 1), time.Now(), true)
			},
			wantOpen: "a",
		},
		"one that waits and was begun": {
			policy: plan.ReplaceConcurrent,
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.line.add(object("b", 1, queued), time.Now(), true)
				w.entries = []plan.Entry{{UID: "b", Definition: name}}
			},
			wantOpen: "a", wantTrying: true,
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(10 * time.Minute) // past the full hour
				w := newWorld(t)
				d := w.door(tt.policy)
				tt.given(w, d)
				got := d.tickDoor()
				open := ""
				if got.Open != nil {
					open = d.blocking("").UID
				}
				if open != tt.wantOpen || got.Trying != tt.wantTrying || !errors.Is(got.LastError, tt.wantErr) {
					t.Errorf("got open %q, trying %t, %v; want %q, %t, %v", open, got.Trying, got.LastError, tt.wantOpen, tt.wantTrying, tt.wantErr)
				}
				if got.Open != nil && (got.ID != d.blocking("").ID || got.About.UID != d.blocking("").about.UID) {
					t.Errorf("about %s %v, want that of %+v", got.ID, got.About, d.blocking(""))
				}
				if !got.Known || !got.Accepted || got.Policy != tt.policy {
					t.Errorf("got %+v, want the definition that applies", got.Door)
				}
			})
		})
	}
}

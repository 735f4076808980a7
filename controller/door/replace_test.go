package door

import (
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func TestWhatIsKnownOfTheOpenExecution(t *testing.T) {
	tests := map[string]struct {
		given func(*world, *Door)
		want  plan.OpenExecution
	}{
		"it can be stopped": {
			given: func(w *world, d *Door) { w.runs(d, object("a", 10), execution.Open) },
			want:  plan.OpenExecution{Name: "check-a", Stoppable: true},
		},
		"it drains": {
			given: func(w *world, d *Door) { w.runs(d, object("a", 10, canceled(v1alpha1.CancelDrain)), execution.Open) },
			want:  plan.OpenExecution{Name: "check-a", Cancel: plan.CancelDrain, Stoppable: true},
		},
		"a person has stopped it": {
			given: func(w *world, d *Door) { w.runs(d, object("a", 10, canceled(v1alpha1.CancelStop)), execution.Open) },
			want:  plan.OpenExecution{Name: "check-a", Cancel: plan.CancelStop, Stoppable: true},
		},
		"this replica has stopped it, and its run has not read that yet": {
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.setStopping("a")
			},
			want: plan.OpenExecution{Name: "check-a", Cancel: plan.CancelStop, Stoppable: true},
		},
		"this replica has stopped the one before": {
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.stopped = stopping{uid: "before", until: time.Now()}
			},
			want: plan.OpenExecution{Name: "check-a", Stoppable: true},
		},
		"it is closing": {
			given: func(w *world, d *Door) { w.runs(d, object("a", 10), execution.Closing) },
			want:  plan.OpenExecution{Name: "check-a"},
		},
		"it is being deleted": {
			given: func(w *world, d *Door) { w.runs(d, object("a", 10, deleted), execution.Open) },
			want:  plan.OpenExecution{Name: "check-a"},
		},
		"it is damaged, and its run knows it from before": {
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				d.hold(hold{Entry: plan.Entry{UID: "a", Name: "check-a"}, is: Alone, busy: true})
			},
			want: plan.OpenExecution{Name: "check-a"},
		},
		"its run has just ended": {
			given: func(w *world, d *Door) {
				w.runs(d, object("a", 10), execution.Open)
				delete(w.records, "a")
			},
			want: plan.OpenExecution{Name: "check-a"},
		},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			w := newWorld(t)
			d := w.door(plan.ReplaceConcurrent)
			tt.given(w, d)
			if got := d.openOf(*d.blocking("")); *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
}

// An Execution has to wait for its stop as long as that may take.
func TestUntilWhenAStopTakesEffect(t *testing.T) {
	const grace = 45 * time.Second // of the pods
	tests := map[string]struct {
		given func(*world, *Door)
		want  time.Duration // from now; 0: nothing is noted
	}{
		"the grace period of its pods, and a margin": {
			given: func(w *world, d *Door) { w.runs(d, object("a", 10), execution.Open) },
			want:  grace + plan.StopMargin,
		},
		"it has closed meanwhile": {given: func(w *world, d *Door) {
			w.runs(d, object("a", 10), execution.Open)
			d.hold(hold{Entry: plan.Entry{UID: "a"}, is: Over})
		}},
		"this replica does not run it": {given: func(*world, *Door) {}},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				d := w.door(plan.ReplaceConcurrent)
				tt.given(w, d)
				d.setStopping("a")
				if tt.want == 0 && !d.heldUpUntil().IsZero() {
					t.Errorf("got %s, want nothing", d.heldUpUntil())
				}
				if got := time.Until(d.heldUpUntil()); tt.want != 0 && got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestTheLastExecutionThatWasStopped(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	closed := func(uid string, after time.Duration, mutate ...func(*v1alpha1.Execution)) record.Head {
		e := object(uid, 0, mutate...)
		e.Status.Phase, e.Status.CloseTime = v1alpha1.Closed, &metav1.Time{Time: at.Add(after)}
		return record.HeadOf(e)
	}
	stop := canceled(v1alpha1.CancelStop)
	tests := map[string]struct {
		closed []record.Head
		want   stopping
	}{
		"there is none":                             {},
		"none was stopped":                          {closed: []record.Head{closed("a", 0), closed("b", time.Hour, canceled(v1alpha1.CancelDrain))}},
		"one was":                                   {closed: []record.Head{closed("a", 0, stop), closed("b", time.Hour)}, want: stopping{"a", at}},
		"of two, it is the one that closed last":    {closed: []record.Head{closed("a", 2*time.Hour, stop), closed("b", time.Hour, stop)}, want: stopping{"a", at.Add(2 * time.Hour)}},
		"whatever the order in which they are read": {closed: []record.Head{closed("b", time.Hour, stop), closed("a", 2*time.Hour, stop)}, want: stopping{"a", at.Add(2 * time.Hour)}},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			if got := lastStopped(tt.closed); got.uid != tt.want.uid || !got.until.Equal(tt.want.until) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

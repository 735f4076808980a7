package history_test

import (
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func phase(word v1alpha1.ExecutionPhase) func(*v1alpha1.Execution) {
	return func(e *v1alpha1.Execution) { e.Status.Phase = word }
}

// announced returns the events since the last call, which have to be warnings about one
// object, and empties them.
func (w *world) announced(reason, about string) (messages []string) {
	w.t.Helper()
	for _, event := range w.events {
		message, ok := strings.CutPrefix(event, "true "+reason+" "+about+": ")
		if !ok {
			w.t.Errorf("event %q, want a warning %s about %s", event, reason, about)
		}
		messages = append(messages, message)
	}
	w.events = nil
	return messages
}

func TestADamagedRecordIsAnnouncedOnceForEachDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.execute(50, execution.Closed)
		name := r.Object.Name
		w.edit(r, phase("Odd"))
		h := w.start()
		got := w.announced(kube.EventRecordDamaged, name)
		if len(got) != 1 || !strings.Contains(got[0], "Odd") || w.damaged != 1 {
			t.Errorf("events: got %q, want one with the phase; damaged records: got %d, want 1", got, w.damaged)
		}
		w.prune(h)
		if got := w.announced(kube.EventRecordDamaged, name); len(got) != 0 {
			t.Errorf("the next time: got %q, want no event", got)
		}
		w.edit(r, phase("Odder"))
		w.prune(h)
		if got := w.announced(kube.EventRecordDamaged, name); len(got) != 1 || !strings.Contains(got[0], "Odder") {
			t.Errorf("with another damage: got %q, want one event with the phase", got)
		}
		w.edit(r, phase(v1alpha1.Closed))
		w.prune(h)
		if got := w.announced(kube.EventRecordDamaged, name); len(got) != 0 || w.damaged != 0 {
			t.Errorf("when it is correct: got events %q and %d damaged records, want none", got, w.damaged)
		}
		w.edit(r, phase("Odder"))
		w.prune(h)
		if got := w.announced(kube.EventRecordDamaged, name); len(got) != 1 {
			t.Errorf("when it is damaged again: got %q, want one event", got)
		}
		w.want() // none of it deletes anything
	})
}

// The run of the execution reads the record again a few times before it gives up.
func TestADamagedRecordOfTheOpenExecutionIsNotAnnouncedYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.execute(50, execution.Open)
		w.open = r.Plan.ID
		w.edit(r, phase("Odd"))
		h := w.start()
		if got := w.announced(kube.EventRecordDamaged, r.Object.Name); len(got) != 0 || w.damaged != 1 {
			t.Errorf("got events %q and %d damaged records, want no event and 1", got, w.damaged)
		}
		w.open = ""
		w.prune(h)
		if got := w.announced(kube.EventRecordDamaged, r.Object.Name); len(got) != 1 {
			t.Errorf("after its run: got %q, want one event", got)
		}
	})
}

func TestLossesAreAnnouncedOnceInATerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := w.history()
		losses := &intake.Losses{About: corev1.ObjectReference{Name: "check-20261124034200"}}
		h.Resume(history.Found{Losses: losses})
		w.run(h)
		if got := w.announced(kube.EventResultsLost, losses.About.Name); len(got) != 1 {
			t.Errorf("got %q, want one event", got)
		}
		w.prune(h)
		if got := w.announced(kube.EventResultsLost, losses.About.Name); len(got) != 0 {
			t.Errorf("the next time: got %q, want no event", got)
		}
	})
}

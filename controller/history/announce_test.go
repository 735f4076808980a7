package history_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
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
		r := w.execute(50, execution.Closed)
		h := w.history()
		w.losses = &intake.Losses{About: kube.ExecutionReference(r.Object)}
		head := r.Head()
		h.Resume(history.Found{Known: map[execution.ID]bool{}, LastClosed: &head})
		w.fail("read plan", errors.New("no answer"))
		w.run(h)
		if got := w.announced(kube.EventResultsLost, r.Object.Name); len(got) != 0 {
			t.Errorf("while its plan cannot be read: got %q, want no event", got)
		}
		w.mend()
		w.prune(h)
		if got := w.announced(kube.EventResultsLost, r.Object.Name); len(got) != 1 {
			t.Errorf("got %q, want one event", got)
		}
		w.prune(h)
		if got := w.announced(kube.EventResultsLost, r.Object.Name); len(got) != 0 {
			t.Errorf("the next time: got %q, want no event", got)
		}
		if want := []execution.ID{r.Plan.ID}; !slices.Equal(w.asked, want) {
			t.Errorf("looked for the results of %q, want %q", w.asked, want)
		}
	})
}

func TestLossesOfAnExecutionWhosePlanIsGoneAreNotNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.execute(50, execution.Closed)
		h := w.history()
		head := r.Head()
		h.Resume(history.Found{Known: map[execution.ID]bool{}, LastClosed: &head})
		for _, part := range r.Object.Status.Plan.Parts {
			testkit.Must(t, w.client.CoreV1().ConfigMaps(namespace).Delete(t.Context(), part.Name, metav1.DeleteOptions{}))
		}
		w.steps = nil
		w.run(h)
		w.prune(h)
		if len(w.asked)+len(w.events) > 0 {
			t.Errorf("asked for %q, events %q", w.asked, w.events)
		}
	})
}

package definitions

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// requests returns the requests about NodeCronJobs since the last time, but for watches.
func (w *world) requests() string {
	var verbs []string
	for _, action := range w.client.Resources.Actions() {
		if verb := action.GetVerb(); verb != "list" && verb != "watch" {
			verbs = append(verbs, verb+action.GetSubresource())
		}
	}
	w.client.Resources.ClearActions()
	return strings.Join(verbs, " ")
}

func TestAQuietMinuteWritesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		const definitions = 50
		for i := range definitions {
			w.create(fmt.Sprintf("check-%d", i), "", specOf(fmt.Sprintf("check_%d", i)))
		}
		w.settled()
		written := strings.Count(w.requests(), "updatestatus")
		if written != definitions {
			t.Errorf("%d statuses were written, want %d", written, definitions)
		}
		time.Sleep(time.Minute)
		w.wants("requests of a quiet minute", w.requests(), "")
		time.Sleep(10 * time.Minute) // the cache lists again
		w.wants("requests of quiet minutes", w.requests(), "")
		w.wants("events", r.told(), "")
	})
}

// A client takes the owner from a NodeCronJob, and gives it back, while its status is written.
func TestTheOwnerChangesWhileAStatusIsWritten(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.settled()
		disowns := true
		w.client.Resources.PrependReactor("update", "nodecronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if action.GetSubresource() != "status" || !disowns {
				return false, nil, nil
			}
			disowns = false
			n := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.NodeCronJob).DeepCopy()
			owned := n.DeepCopy()
			n.Labels = nil
			for _, changed := range []*v1alpha1.NodeCronJob{n, owned} {
				testkit.Must(t, w.client.Resources.Tracker().Update(action.GetResource(), changed, namespace))
				time.Sleep(time.Millisecond)
			}
			return true, owned, nil
		})
		at := metav1.NewTime(time.Now())
		for range 2 {
			r.Report("check", func(s *v1alpha1.NodeCronJobStatus) { s.LastScheduleTime = &at })
		}
		w.settled()
		next := metav1.NewTime(at.Add(time.Hour))
		r.Report("check", func(s *v1alpha1.NodeCronJobStatus) { s.NextScheduleTime = &next })
		w.settled()
		if s := w.get("check").Status; disowns || s.NextScheduleTime == nil {
			t.Errorf("got %+v, want what was reported last", s)
		}
	})
}

func TestReportsAreCollected(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.settled()
		w.requests()
		at := metav1.NewTime(time.Now())
		reports := []func(*v1alpha1.NodeCronJobStatus){
			func(s *v1alpha1.NodeCronJobStatus) { s.LastScheduleTime = &at },
			func(s *v1alpha1.NodeCronJobStatus) {
				s.ActiveExecution = &v1alpha1.ExecutionReference{Name: "check-1"}
			},
			func(s *v1alpha1.NodeCronJobStatus) {
				next := metav1.NewTime(at.Add(time.Hour))
				s.NextScheduleTime = &next
			},
		}
		for _, report := range reports {
			r.Report("check", report)
			time.Sleep(settle / 4)
		}
		synctest.Wait()
		w.wants("before a second has passed", w.requests(), "")
		w.settled()
		w.wants("after it", w.requests(), "get updatestatus")
		s := w.get("check").Status
		if s.LastScheduleTime == nil || s.NextScheduleTime == nil || s.ActiveExecution == nil {
			t.Errorf("got %+v, want all that was reported", s)
		}
		w.requests()
		for _, report := range reports {
			r.Report("check", report)
		}
		w.settled()
		w.wants("of reports without news", w.requests(), "get")
		r.Report("check", func(s *v1alpha1.NodeCronJobStatus) { s.ActiveExecution, s.LastExecution = nil, lastExecution(3, 1, 0) })
		r.Report("unknown", reports[0])
		w.settled()
		w.wants("healthy", w.condition("check", v1alpha1.ConditionHealthy), "False BadNodes: 1 of 3 nodes are bad in execution check-1")
		if s := w.get("check").Status; s.ActiveExecution != nil {
			t.Errorf("got %+v, want no open execution", s)
		}
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true })
		w.settled()
		w.wants("ready", w.condition("check", v1alpha1.ConditionReady), "True Suspended: spec.suspend skips the ticks")
		if s := w.get("check").Status; s.NextScheduleTime != nil {
			t.Errorf("got %+v, want no next tick while it is suspended", s)
		}
	})
}

func TestAConflictIsLookedAtAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.settled()
		meddled := 0
		w.client.Resources.PrependReactor("update", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if action.GetSubresource() == "status" && meddled < 2 { // another client is faster
				meddled++
				stored, err := w.client.Resources.Tracker().Get(action.GetResource(), namespace, "check")
				testkit.Must(w, err)
				n := stored.DeepCopyObject().(*v1alpha1.NodeCronJob)
				n.Labels["changed"] = fmt.Sprint(meddled)
				testkit.Must(w, w.client.Resources.Tracker().Update(action.GetResource(), n, namespace))
			}
			return false, nil, nil
		})
		at := metav1.NewTime(time.Now())
		r.Report("check", func(s *v1alpha1.NodeCronJobStatus) { s.LastScheduleTime = &at })
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := w.get("check"); n.Status.LastScheduleTime == nil || n.Labels["changed"] != "2" || meddled != 2 {
			t.Errorf("got %+v after %d conflicts, want both changes", n, meddled)
		}
	})
}

func TestAFailedWriteHoldsUpNoOther(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		w.client.Resources.PrependReactor("update", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
			update, ok := action.(clienttesting.UpdateActionImpl)
			if !ok {
				return false, nil, nil
			}
			n, ok := update.GetObject().(*v1alpha1.NodeCronJob)
			return ok && n.Name == "a", nil, errors.New("the status is invalid")
		})
		defer r.lead()()
		w.create("a", "one", specOf("a"))
		w.create("b", "one", specOf("b"))
		w.settled()
		w.wants("of the other", w.condition("b", v1alpha1.ConditionAccepted), "True Valid: the spec is in effect")
		w.requests()
		time.Sleep(time.Minute)
		if tries := strings.Count(w.requests(), "updatestatus"); tries < 3 || tries > 10 {
			t.Errorf("%d tries in a minute, want a few", tries)
		}
	})
}

func TestAStandbyWritesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		w.create("check", "one", specOf("disk"))
		w.create("free", "", specOf("net"))
		w.requests()
		r.Report("check", func(s *v1alpha1.NodeCronJobStatus) { s.ActiveExecution = &v1alpha1.ExecutionReference{Name: "x"} })
		w.settled()
		w.wants("requests", w.requests(), "")
		w.wants("metric", r.shown(), "map[]")
		r.lead()()
		w.settled()
		if s := w.get("check").Status; s.ActiveExecution != nil {
			t.Errorf("got %+v, want no report of a standby", s)
		}
		w.wants("metric after the term", r.shown(), "map[]")
	})
}

// Checks that take longer than statuses are collected: until a Job was checked, nothing is said
// of its spec.
func TestARestartWritesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		invalid := func(d *definition.Definition) error {
			if d.Object.Name == "invalid" {
				return errInvalidJob
			}
			return nil
		}
		first := w.replica("one")
		first.rejects(invalid)
		stop := first.lead()
		for i := range 50 {
			w.create(fmt.Sprintf("check-%d", i), "", specOf(fmt.Sprintf("check_%d", i)))
		}
		w.create("invalid", "", specOf("invalid"))
		w.create("young", "", specOf("check_1"))
		w.create("broken", "", v1alpha1.NodeCronJobSpec{CronExpression: "x"})
		w.settled()
		want := first.shown()
		stop()
		w.requests()
		again := w.replica("one")
		again.rejects(invalid)
		again.Checker = slow{again, 5 * settle}
		defer again.lead()()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		w.wants("requests", w.requests(), "")
		w.wants("events", again.told(), "")
		w.wants("metric", again.shown(), want)
	})
}

// What runs is recovered while the leader begins, and reports at once.
func TestWhatIsReportedBeforeTheLeaderWrites(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		w.create("check", "one", specOf("disk"))
		lead := r.StartTerm(freely)
		r.Report("check", func(s *v1alpha1.NodeCronJobStatus) { s.ActiveExecution = &v1alpha1.ExecutionReference{Name: "check-1"} })
		go lead(w.Context())
		w.settled()
		if s := w.get("check").Status; s.ActiveExecution == nil || s.ActiveExecution.Name != "check-1" {
			t.Errorf("got %+v, want the execution that was reported", s.ActiveExecution)
		}
	})
}

func TestANewLeaderRepeatsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		first, second := w.replica("one"), w.replica("one")
		stop := first.lead()
		w.create("check", "one", specOf("disk"))
		w.create("young", "one", specOf("disk"))
		w.create("broken", "one", v1alpha1.NodeCronJobSpec{CronExpression: "x"})
		w.settled()
		if events := first.told(); strings.Count(events, "DefinitionNotAccepted") != 2 {
			t.Errorf("events: got %s, want two", events)
		}
		stop()
		w.requests()
		defer second.lead()()
		w.settled()
		w.wants("requests", w.requests(), "")
		w.wants("events", second.told(), "")
		w.wants("metric", second.shown(), "map[broken:false check:true young:false]")
		w.wants("metric of the first", first.shown(), "map[]")
	})
}

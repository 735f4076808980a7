package definitions

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

var errInvalidJob = &definition.InvalidError{Err: errors.New("the API server rejects the Job")}

func TestTheLeaderChecksJobs(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		r.rejects(func(d *definition.Definition) error {
			if strings.HasPrefix(d.Metrics.Prefix, "bad") {
				return errInvalidJob
			}
			return nil
		})
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.create("bad", "one", specOf("bad"))
		w.settled()
		w.wants("good", w.condition("check", v1alpha1.ConditionAccepted), "True Valid: the spec is in effect")
		w.wants("bad", w.condition("bad", v1alpha1.ConditionAccepted), "False JobInvalid: no spec is in effect: the API server rejects the Job")
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "badder" })
		w.settled()
		w.wants("changed", w.condition("check", v1alpha1.ConditionAccepted),
			"False JobInvalid: the spec of generation 1 stays in effect: the API server rejects the Job")
		r.wantsApplied("check disk/1")
		r.rejects(nil) // the fault is mended elsewhere
		time.Sleep(recheckAfter + time.Minute)
		w.settled()
		w.wants("mended", w.condition("check", v1alpha1.ConditionAccepted), "True Valid: the spec is in effect")
		w.wants("first", r.prefix("check"), "badder")
		w.wants("second", r.prefix("bad"), "bad")
	})
}

func TestAJobThatCannotBeCheckedIsValid(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		r.rejects(func(*definition.Definition) error { return errors.New("no answer") })
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.settled()
		w.wants("accepted", w.condition("check", v1alpha1.ConditionAccepted), "True Valid: the spec is in effect")
	})
}

// A check that hangs holds up neither other definitions nor, at the begin of a term, what a
// standby has in effect.
func TestAHangingCheckHoldsUpNoOther(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		hang := make(chan struct{})
		w.create("before", "one", specOf("a"))
		w.create("slow", "one", specOf("slow"))
		w.wants("on a standby", r.prefix("slow"), "slow")
		checker := hanging{r, hang}
		r.Checker = checker
		defer r.lead()()
		w.create("after", "one", specOf("b"))
		w.change("slow", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "slower" })
		w.create("waits", "one", specOf("slower"))
		w.settled()
		w.wants("created meanwhile", r.prefix("after"), "b")
		w.wants("undecided", r.prefix("slow"), "slow")
		w.wants("of the same metrics", r.prefix("waits"), "")
		close(hang)
		w.settled()
		w.wants("decided", r.prefix("slow"), "slower")
	})
}

// hanging is a Checker that does not answer about NodeCronJob slow until it is closed.
type hanging struct {
	Checker
	until chan struct{}
}

func (h hanging) CheckJob(ctx context.Context, d *definition.Definition) error {
	if d.Object.Name == "slow" {
		select {
		case <-h.until:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return h.Checker.CheckJob(ctx, d)
}

// slow is a Checker that answers after a while.
type slow struct {
	Checker
	after time.Duration
}

func (s slow) CheckJob(ctx context.Context, d *definition.Definition) error {
	time.Sleep(s.after)
	return s.Checker.CheckJob(ctx, d)
}

// A standby checks no Job. If it leads next, a spec that the leader of before did not accept
// must not leave the definition without any.
func TestAStandbyKeepsTheSpecBeforeAnUncheckedOne(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		w.create("check", "one", specOf("good"))
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "bad" })
		w.wants("on a standby", r.prefix("check"), "bad")
		r.rejects(func(d *definition.Definition) error {
			if d.Metrics.Prefix == "bad" {
				return errInvalidJob
			}
			return nil
		})
		defer r.lead()()
		w.settled()
		w.wants("as a leader", r.prefix("check"), "good")
		w.wants("accepted", w.condition("check", v1alpha1.ConditionAccepted),
			"False JobInvalid: the spec of generation 1 stays in effect: the API server rejects the Job")
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "mended" })
		w.settled()
		w.wants("mended", r.prefix("check"), "mended")
	})
}

// A check that the end of a term ends proves nothing.
func TestTheEndOfATermAcceptsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		r.rejects(func(*definition.Definition) error { return errInvalidJob })
		w.create("slow", "one", specOf("disk"))
		stop := r.lead()
		w.settled()
		w.wants("checked", r.prefix("slow"), "")
		stop()
		r.Checker = hanging{r, make(chan struct{})}
		stop = r.lead()
		time.Sleep(recheckAfter + 10*time.Second) // it is being checked again
		stop()
		w.wants("after the term", r.prefix("slow"), "")
	})
}

// The same holds for one that the API server does not answer.
func TestACheckWithoutAnAnswerChangesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		r.rejects(func(*definition.Definition) error { return errInvalidJob })
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.settled()
		r.rejects(func(*definition.Definition) error { return errors.New("no answer") })
		w.requests()
		time.Sleep(recheckAfter + time.Minute)
		w.settled()
		w.wants("in effect", r.prefix("check"), "")
		w.wants("requests", w.requests(), "")
	})
}

// Reports have the hash of the ConfigMap that a NodeCronJob is a copy of. If only that
// changes, it applies, and the Job, which is the same, is not checked again.
func TestTheHashOfACopyIsThatOfItsConfigMap(t *testing.T) {
	inWorld(t, func(w *world) {
		checks := 0
		r := w.replica("one")
		r.rejects(func(*definition.Definition) error { checks++; return nil })
		defer r.lead()()
		hash := func() string { return r.Get("check").Current().Hash }
		w.create("check", "one", specOf("disk"))
		w.settled()
		own := hash()
		w.change("check", func(n *v1alpha1.NodeCronJob) {
			n.Annotations = map[string]string{jobspec.ConfigHashAnnotation: "of the ConfigMap"}
		})
		w.settled()
		w.wants("without a source", hash(), own)
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Annotations[jobspec.SourceAnnotation] = "ConfigMap/settings" })
		w.settled()
		w.wants("of a copy", hash(), "of the ConfigMap")
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Annotations[jobspec.ConfigHashAnnotation] = "of the next" })
		w.settled()
		w.wants("after a change", hash(), "of the next")
		r.Share(config.Controller{Name: "one", MaxPods: 3})
		w.settled()
		w.wants("after a change of what is shared", hash(), "of the next")
		w.wants("accepted", w.condition("check", v1alpha1.ConditionAccepted), "True Valid: the spec is in effect")
		if checks != 1 {
			t.Errorf("the Job was checked %d times, want once", checks)
		}
	})
}

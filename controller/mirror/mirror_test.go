package mirror

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const restored = "NodeCronJob check true MirrorRestored: "

func TestTheNodeCronJobFollowsTheConfigMap(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		w.wants(time.Minute, "") // a standby writes nothing
		defer r.lead()()
		w.wants(0, "5")
		r.Want(pool(t, 6))
		w.wants(0, "6")
		r.Want(pool(t, 7)) // while a pause lasts
		w.wants(0, "7")
		r.wantsEvents()
		if n := w.get(); n.Annotations[jobspec.ConfigHashAnnotation] != "7" || !r.isMirrored() {
			t.Errorf("got annotations %v, mirrored %t", n.Annotations, r.isMirrored())
		}
		w.writes()
		time.Sleep(10 * time.Minute)
		if n := w.writes(); n > 0 {
			t.Errorf("got %d writes, although nothing changes", n)
		}
	})
}

func TestAnEditIsUndone(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		defer r.lead()()
		w.wants(time.Hour, "5")
		w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize, n.Spec.Suspend = 9, true })
		w.wants(0, "5 suspended")
		r.wantsEvents(restored + "spec.podPoolSize: again as in ConfigMap settings. Make the change there")
		w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.TimeZone = "Asia/Tokyo" })
		w.wants(time.Second, "5 suspended")
		r.wantsEvents() // so soon after the other
		time.Sleep(time.Hour)
		w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.TimeZone, n.Spec.Suspend = "Asia/Tokyo", false })
		w.wants(0, "5")
		r.wantsEvents(restored + "spec.timeZone: ")
	})
}

// A program that writes something else each time is answered in pauses, and does not keep the
// ConfigMap from taking effect.
func TestAProgramThatFights(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		defer r.lead()()
		w.wants(time.Hour, "5")
		w.writes()
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if synctest.Wait(); w.get().Spec.PodPoolSize != 9 {
				w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 9 })
			}
		}
		all := w.writes()
		if ours := all / 2; ours < 30 || ours > 50 {
			t.Errorf("got %d writes in 10 minutes, want one each 15 seconds", ours)
		}
		if n := len(r.told()); n < 5 || n > 11 {
			t.Errorf("got %d events in 10 minutes, want one each minute at most", n)
		}
		w.wants(2*time.Minute, "5")
		for range 2 { // the pauses are short again
			w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 9 })
			w.wants(2*time.Second, "5")
		}
		for range 3 {
			w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 9 })
		}
		r.Want(pool(t, 6))
		w.wants(0, "6")
	})
}

func TestADeletedNodeCronJobIsCreatedAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		defer r.lead()()
		w.wants(time.Hour, "5")
		before := w.get()
		w.delete()
		w.wants(0, "5")
		after := w.get()
		if after.UID == before.UID || !after.CreationTimestamp.After(before.CreationTimestamp.Time) {
			t.Errorf("got %s of %s, want another than %s of %s", after.UID, after.CreationTimestamp, before.UID, before.CreationTimestamp)
		}
		r.wantsEvents()
	})
}

func TestADefinitionThatLeavesTheConfigMap(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica(pool(t, 5))
		defer r.lead()()
		r.open.Store(true)
		w.wants(time.Hour, "5")
		r.Want(withoutDefinition(t))
		w.wants(0, "5 suspended")
		w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = false })
		w.wants(time.Second, "5 suspended")
		r.Want(pool(t, 6))
		w.wants(0, "6") // as if it had not been away
		r.Want(withoutDefinition(t))
		w.wants(time.Hour, "6 suspended")
		r.open.Store(false)
		w.wants(time.Minute, "")
		r.Want(pool(t, 7))
		w.wants(0, "7")
		r.wantsEvents()
	})
}

func TestANameThatIsTaken(t *testing.T) {
	inWorld(t, func(w *world) {
		create := func() {
			_, err := w.client.V1alpha1().NodeCronJobs(namespace).Create(t.Context(), &v1alpha1.NodeCronJob{
				ObjectMeta: metav1.ObjectMeta{Name: "check"}, Spec: v1alpha1.NodeCronJobSpec{PodPoolSize: 1},
			}, metav1.CreateOptions{})
			testkit.Must(t, err)
			synctest.Wait()
		}
		create()
		w.writes()
		r := w.replica(pool(t, 5))
		stop := r.lead()
		r.wantsEvents("ConfigMap settings true NameTaken: the definition in this ConfigMap does not run: NodeCronJob check does not come from it")
		if r.isMirrored() {
			t.Error("the metric says that the definition has its NodeCronJob")
		}
		r.Want(pool(t, 6))
		w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 2 })
		w.wants(time.Hour, "2")
		if n := w.reads(); n != 1 {
			t.Errorf("it was read %d times, want once", n)
		}
		if n := w.writes(); n != 1 {
			t.Errorf("got %d writes, want only the person's", n)
		}
		r.Want(withoutDefinition(t)) // the person's stays
		w.wants(time.Hour, "2")
		if !r.isMirrored() {
			t.Error("the metric says that a definition is missing, but none is wanted")
		}
		r.Want(pool(t, 7))
		w.wants(time.Hour, "2")
		r.wantsEvents("ConfigMap settings true NameTaken: ")
		stop()
		if !r.isMirrored() {
			t.Error("the metric of a standby says something of the NodeCronJob")
		}
		defer r.lead()()
		r.wantsEvents("ConfigMap settings true NameTaken: ")
		w.delete()
		w.wants(0, "7")
		r.wantsEvents()
		if !r.isMirrored() {
			t.Error("the metric says that the definition has no NodeCronJob")
		}
	})
}

// What was done while there was no leader is found at the start of a term.
func TestTheNextLeader(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.replica(pool(t, 5)), w.replica(pool(t, 5))
		stop := one.lead()
		w.wants(time.Minute, "5")
		stop()
		w.edit(func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 9 })
		w.wants(time.Hour, "9")
		stop = two.lead()
		w.wants(0, "5")
		two.wantsEvents(restored)
		stop()
		one.Want(pool(t, 6))
		two.Want(pool(t, 6))
		w.wants(time.Hour, "5")
		stop = one.lead()
		w.wants(0, "6")
		stop()
		w.writes()
		two.lead()()
		one.wantsEvents()
		two.wantsEvents()
		if n := w.writes(); n > 0 {
			t.Errorf("a leader that found all as it should be wrote %d times", n)
		}
	})
}

func TestDryRun(t *testing.T) {
	refuses := errors.New("refused")
	tests := map[string]struct {
		exists func(*v1alpha1.NodeCronJob) // nil: none does
		leaves bool
		want   string // the verb of the request; empty: none is made
	}{
		"there is none yet":           {nil, false, "create"},
		"it exists":                   {func(*v1alpha1.NodeCronJob) {}, false, "update"},
		"it is a person's":            {persons, false, ""},
		"the definition has left":     {func(*v1alpha1.NodeCronJob) {}, true, ""},
		"the ConfigMap never had one": {nil, true, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if tt.exists != nil {
					w.replica(pool(t, 5)).lead()()
					w.edit(tt.exists)
				}
				got := ""
				w.client.Resources.PrependReactor("*", "nodecronjobs", func(a clienttesting.Action) (bool, runtime.Object, error) {
					var dryRun []string
					switch a := a.(type) {
					case clienttesting.CreateActionImpl:
						dryRun = a.CreateOptions.DryRun
					case clienttesting.UpdateActionImpl:
						dryRun = a.UpdateOptions.DryRun
					default:
						return false, nil, nil
					}
					if len(dryRun) != 1 || dryRun[0] != metav1.DryRunAll {
						t.Errorf("%s without a dry run", a.GetVerb())
					}
					got = a.GetVerb()
					return true, nil, refuses
				})
				cfg := pool(t, 6)
				if tt.leaves {
					cfg = withoutDefinition(t)
				}
				err := DryRun(t.Context(), w.client, namespace, WantedOf(cfg, "settings"))
				if got != tt.want || errors.Is(err, refuses) != (tt.want != "") {
					t.Errorf("got %q, %v, want %q", got, err, tt.want)
				}
			})
		})
	}
}

package definitions

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestMetricConflicts(t *testing.T) {
	tests := map[string]struct {
		change func(*world)
		// The prefixes in effect, and the reason of the younger's condition.
		old, young, reason string
		applied            []string
	}{
		"nothing changes": {func(*world) {}, "disk", "", v1alpha1.ReasonMetricConflict, nil},
		"the older is deleted": {
			func(w *world) { w.delete("old") }, "", "disk", v1alpha1.ReasonValid, []string{"old ends", "young disk/1"},
		},
		"the younger gets another prefix": {
			func(w *world) {
				w.change("young", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "net" })
			}, "disk", "net", v1alpha1.ReasonValid, []string{"young net/2"},
		},
		"the older gets another prefix": {
			func(w *world) {
				w.change("old", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix = "net" })
			}, "net", "disk", v1alpha1.ReasonValid, nil,
		},
		"the older gets another owner": {
			func(w *world) {
				w.change("old", func(n *v1alpha1.NodeCronJob) { n.Labels["batch-job-controller.io/owner"] = "other" })
			}, "", "disk", v1alpha1.ReasonValid, []string{"old ends", "young disk/1"},
		},
		"the older becomes invalid, and keeps its metrics": {
			func(w *world) {
				w.change("old", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression, n.Spec.Metrics.Prefix = "x", "net" })
			}, "disk", "", v1alpha1.ReasonMetricConflict, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				r := w.replica("one")
				defer r.lead()()
				w.create("old", "one", specOf("disk"))
				w.create("young", "one", specOf("disk"))
				w.settled()
				r.wantsApplied("old disk/1")
				tt.change(w)
				w.settled()
				w.wants("older", r.prefix("old"), tt.old)
				w.wants("younger", r.prefix("young"), tt.young)
				_, reason, _ := strings.Cut(w.condition("young", v1alpha1.ConditionAccepted), " ")
				reason, _, _ = strings.Cut(reason, ":")
				w.wants("reason", reason, tt.reason)
				if tt.applied != nil {
					r.wantsApplied(tt.applied...)
				}
			})
		})
	}
}

// The younger one takes a name that the older one gets later: then the older has it.
func TestTheOlderTakesAMetricFromTheYounger(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		w.create("old", "one", specOf("disk"))
		w.create("young", "one", specOf("disk_io"))
		w.settled()
		r.wantsApplied("old disk/1", "young disk_io/1")
		w.change("old", func(n *v1alpha1.NodeCronJob) {
			n.Spec.Metrics.Gauges = map[string]v1alpha1.Gauge{"io_pods": {Help: "pods"}}
		})
		w.settled()
		r.wantsApplied("young ends", "old disk/2")
		w.wants("younger", w.condition("young", v1alpha1.ConditionAccepted), "False MetricConflict: no spec is in effect: "+
			`spec.metrics.prefix: Invalid value: "disk_io": must be another: NodeCronJob young would export disk_io_pods, which the older NodeCronJob old exports`)
		w.wants("ready", w.condition("young", v1alpha1.ConditionReady), "False NotAccepted: no spec is in effect: see the condition Accepted")
	})
}

func TestAnInvalidSpecKeepsTheLast(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.create("good", "one", specOf("net"))
		w.settled()
		w.wants("metric", r.shown(), "map[check:true good:true]")
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression, n.Spec.TimeZone = "every day", "Mars/Olympus" })
		w.settled()
		got := w.condition("check", v1alpha1.ConditionAccepted)
		if !strings.HasPrefix(got, "False Invalid: the spec of generation 1 stays in effect: ") || !strings.Contains(got, "spec.cronExpression") || !strings.Contains(got, "spec.timeZone") {
			t.Errorf("got %s, want all problems", got)
		}
		w.wants("ready", w.condition("check", v1alpha1.ConditionReady), "True Scheduled: ticks start executions")
		if n := w.get("check"); n.Status.ObservedGeneration != 2 {
			t.Errorf("observed generation: got %d, want 2", n.Status.ObservedGeneration)
		}
		w.wants("metric", r.shown(), "map[check:false good:true]")
		if got := r.told(); !strings.HasPrefix(got, "NodeCronJob check true DefinitionNotAccepted: the spec of generation 1 stays in effect: ") || strings.Contains(got, "\n") {
			t.Errorf("events: got %s", got)
		}
		r.wantsApplied("check disk/1", "good net/1")
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true })
		w.settled()
		r.wantsApplied("check disk/1 suspended") // whatever else is wrong
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec = specOf("disk") })
		w.settled()
		r.wantsApplied("check disk/1", "check disk/4") // resumed at once, also while the Job is checked
		w.wants("events", r.told(), "NodeCronJob check false DefinitionAccepted: the spec is in effect")
		w.wants("metric", r.shown(), "map[check:true good:true]")
	})
}

func TestWhatComesAndGoes(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		w.create("check", "one", specOf("disk"))
		w.create("broken", "one", v1alpha1.NodeCronJobSpec{CronExpression: "x"})
		source := r.Get("check")
		if broken := r.Get("broken"); source == nil || source.Current() == nil || broken == nil || broken.Current() != nil {
			t.Fatalf("got %v and %v, want a definition of the first only", source, broken)
		}
		if names := r.Names(); !slices.Equal(names, []string{"broken", "check"}) {
			t.Errorf("names: got %q", names)
		}
		w.delete("check")
		if r.Get("check") != nil || source.Current() != nil {
			t.Error("the deleted NodeCronJob has a definition, want none")
		}
		w.create("check", "one", specOf("disk"))
		if again := r.Get("check"); again == nil || again != source || again.Current() == nil {
			t.Error("the NodeCronJob that was created again has no definition, or another source, which what is left of the first does not know")
		}
		if want := []string{"check", "broken", "check", "check"}; !slices.Equal(r.listed, want) {
			t.Errorf("listed: got %q, want %q", r.listed, want)
		}
	})
}

func TestWhatIsSharedChangesAllDefinitions(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		defer r.lead()()
		w.create("check", "one", specOf("disk"))
		w.change("check", func(n *v1alpha1.NodeCronJob) { n.Spec.CronExpression = "x" })
		w.create("good", "one", specOf("net"))
		w.settled()
		r.wantsApplied("check disk/1", "good net/1")
		hash := r.Get("good").Current().Hash
		r.Share(config.Controller{Name: "one", CallbackServicePort: 1234})
		w.settled()
		for _, name := range r.Names() {
			if got := r.Get(name).Current().CallbackServicePort; got != 1234 {
				t.Errorf("%s: got port %d, want 1234", name, got)
			}
		}
		if got := r.Get("good").Current().Hash; got != hash || hash == "" {
			t.Errorf("hash: got %q, want %q", got, hash)
		}
		if got := r.Get("check").Current().Object.Generation; got != 1 {
			t.Errorf("check: got the spec of generation %d, want that of before", got)
		}
	})
}

// The names of package plan are those that results have.
func TestDerivedMetricsAreThoseOfResults(t *testing.T) {
	descs := make(chan *prometheus.Desc, 100)
	metrics.NewResults(metrics.ResultOptions{Prefix: "disk"}).Describe(descs)
	close(descs)
	var got []string
	for desc := range descs {
		if _, name, ok := strings.Cut(desc.String(), `fqName: "disk_`); ok {
			name, _, _ = strings.Cut(name, `"`)
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if want := plan.DerivedMetrics(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A NodeCronJob that is deleted in the foreground is still there, but nothing begins.
func TestOneThatIsBeingDeletedIsNotOurs(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.replica("one")
		w.create("check", "one", specOf("disk"))
		n := w.get("check")
		now := metav1.Now()
		n.DeletionTimestamp = &now
		w.store(n)
		if r.Get("check") != nil {
			t.Error("it has a definition, want none")
		}
	})
}

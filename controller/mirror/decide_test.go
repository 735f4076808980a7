package mirror

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

const isOpen, isNotOpen = true, false

// deciding is what to decide about.
type deciding struct {
	wanted Wanted
	change func(*v1alpha1.NodeCronJob) // of the mirror as it is written; nil: there is no NodeCronJob
	open   bool
	want   Action
	paths  []string
}

// wantedByTests returns a definition, and that the ConfigMap has none.
func wantedByTests(t *testing.T) (has, none Wanted) {
	t.Helper()
	return WantedOf(configOf(t, "podPoolSize: 5\ncustom: {a: 1, b: <x>}\n"), "settings"), WantedOf(withoutDefinition(t), "settings")
}

// checkDecisions checks decisions about the NodeCronJob of a definition, and that what is
// written leaves nothing to do.
func checkDecisions(t *testing.T, has Wanted, tests map[string]deciding) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var found *v1alpha1.NodeCronJob
			if tt.change != nil {
				found = stored(t, has.created())
				tt.change(found)
			}
			before := found.DeepCopy()
			got := Decide(tt.wanted, found, tt.open)
			if got.Do != tt.want {
				t.Errorf("got %s, want %s", got.Do, tt.want)
			}
			if diff := cmp.Diff(tt.paths, got.Paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, found); diff != "" {
				t.Errorf("what was found has changed (-before +after):\n%s", diff)
			}
			switch got.Do {
			case Create, Update, Restore, Suspend:
				if again := Decide(tt.wanted, stored(t, got.Object), tt.open); again.Do != Nothing {
					t.Errorf("and then %s %v", again.Do, again.Paths)
				}
			}
		})
	}
}

func TestDecideAboutWhatIsAsItShouldBe(t *testing.T) {
	has, _ := wantedByTests(t)
	checkDecisions(t, has, map[string]deciding{
		"there is none":                     {has, nil, isNotOpen, Create, nil},
		"it is as it should be":             {has, func(*v1alpha1.NodeCronJob) {}, isOpen, Nothing, nil},
		"a person has suspended it":         {has, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true }, isNotOpen, Nothing, nil},
		"a person has chosen how it runs":   {has, func(n *v1alpha1.NodeCronJob) { n.Spec.ConcurrencyPolicy, n.Spec.Priority = "Queue", 7 }, isNotOpen, Nothing, nil},
		"a person has labeled it":           {has, func(n *v1alpha1.NodeCronJob) { n.Labels["team"] = "disks" }, isNotOpen, Nothing, nil},
		"a person has removed other labels": {has, func(n *v1alpha1.NodeCronJob) { delete(n.Labels, "app.kubernetes.io/name") }, isNotOpen, Nothing, nil},
		"the status has changed":            {has, func(n *v1alpha1.NodeCronJob) { n.Status.ObservedGeneration = 3 }, isNotOpen, Nothing, nil},
		"the text of a free-form value is new": {has, func(n *v1alpha1.NodeCronJob) {
			n.Spec.Custom = &runtime.RawExtension{Raw: []byte(`{ "b": "<x>", "a": 1 }`)}
		}, isNotOpen, Nothing, nil},
		"it is being deleted": {has, deleting, isNotOpen, Nothing, nil},
	})
}

func TestDecideAboutWhatDiffers(t *testing.T) {
	has, _ := wantedByTests(t)
	checkDecisions(t, has, map[string]deciding{
		"the ConfigMap has changed": {has, func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.ConfigHashAnnotation], n.Spec.PodPoolSize = "before", 10
		}, isOpen, Update, []string{"metadata.annotations", "spec.podPoolSize"}},
		"the ConfigMap has changed in keys of the controller": {has, func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.ConfigHashAnnotation] = "before"
		}, isOpen, Update, []string{"metadata.annotations"}},
		"a person has edited it": {has, func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize, n.Spec.TimeZone = 6, "Asia/Tokyo" },
			isOpen, Restore, []string{"spec.timeZone", "spec.podPoolSize"}},
		"a person has edited a free-form value": {has, func(n *v1alpha1.NodeCronJob) { n.Spec.Custom.Raw = []byte(`{"a":2,"b":"<x>"}`) },
			isNotOpen, Restore, []string{"spec.custom"}},
		"a person has removed a free-form value": {has, func(n *v1alpha1.NodeCronJob) { n.Spec.Custom = nil }, isNotOpen, Restore, []string{"spec.custom"}},
		"a person has given it another template": {has, func(n *v1alpha1.NodeCronJob) { n.Spec.PodTemplate += "#" }, isNotOpen, Restore, []string{"spec.podTemplate"}},
		"a person has taken its owner":           {has, func(n *v1alpha1.NodeCronJob) { delete(n.Labels, jobspec.OwnerLabel) }, isNotOpen, Restore, []string{"metadata.labels"}},
		"another controller is its owner":        {has, func(n *v1alpha1.NodeCronJob) { n.Labels[jobspec.OwnerLabel] = "other" }, isNotOpen, Restore, []string{"metadata.labels"}},
		"it has no labels":                       {has, func(n *v1alpha1.NodeCronJob) { n.Labels = nil }, isNotOpen, Restore, []string{"metadata.labels"}},
		"the ConfigMap has another name now": {has, func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.SourceAnnotation], n.Annotations[jobspec.ConfigHashAnnotation] = "ConfigMap/settings-6f2k", "before"
		}, isOpen, Update, []string{"metadata.annotations"}},
		"only the name of the ConfigMap is another": {has, func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.SourceAnnotation] = "ConfigMap/settings-6f2k"
		}, isOpen, Update, []string{"metadata.annotations"}},
		"it is of another controller's ConfigMap": {has, func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.SourceAnnotation], n.Labels[jobspec.OwnerLabel] = "ConfigMap/others", "other"
		}, isNotOpen, NameTaken, nil},
		"it is a person's":                   {has, persons, isNotOpen, NameTaken, nil},
		"it is a person's with an execution": {has, persons, isOpen, NameTaken, nil},
	})
}

func TestDecideWhetherTheDefinitionIsThere(t *testing.T) {
	has, none := wantedByTests(t)
	checkDecisions(t, has, map[string]deciding{
		"there is none, and none is wanted":               {none, nil, isNotOpen, Nothing, nil},
		"it is a person's, and none is wanted":            {none, persons, isNotOpen, Nothing, nil},
		"it is being deleted, and none is wanted":         {none, deleting, isNotOpen, Nothing, nil},
		"the definition has left":                         {none, func(*v1alpha1.NodeCronJob) {}, isNotOpen, Delete, nil},
		"the definition has left what a person suspended": {none, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true }, isNotOpen, Delete, nil},
		"the definition has left a ConfigMap of another name": {none, func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.SourceAnnotation] = "ConfigMap/settings-6f2k"
		}, isNotOpen, Nothing, nil},
		"the definition has left, and an execution is open":                      {none, func(*v1alpha1.NodeCronJob) {}, isOpen, Suspend, nil},
		"the definition has left, and an open execution is of what is suspended": {none, func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true }, isOpen, Nothing, nil},
		"the definition has left, and a person has resumed it":                   {none, resumed, isOpen, Suspend, nil},
		"the definition comes back":                                              {has, leaves, isOpen, Update, []string{"metadata.annotations", "spec.suspend"}},
		"the definition comes back after its executions":                         {has, leaves, isNotOpen, Update, []string{"metadata.annotations", "spec.suspend"}},
		"the definition comes back, and a person has resumed it":                 {has, resumed, isOpen, Update, []string{"metadata.annotations"}},
	})
}

// A replica puts nothing into effect that the leader is about to write, or to delete.
func TestWhatTheLeaderIsAboutToDo(t *testing.T) {
	has, none := wantedByTests(t)
	edited := func(n *v1alpha1.NodeCronJob) { n.Spec.PodPoolSize = 99 }
	tests := map[string]struct {
		wanted        Wanted
		change        func(*v1alpha1.NodeCronJob)
		lags, hasLost bool
	}{
		"it is as it should be":     {wanted: has, change: func(*v1alpha1.NodeCronJob) {}},
		"it is suspended":           {wanted: has, change: func(n *v1alpha1.NodeCronJob) { n.Spec.Suspend = true }},
		"it was edited":             {wanted: has, change: edited, lags: true},
		"the ConfigMap has changed": {wanted: has, change: func(n *v1alpha1.NodeCronJob) { n.Annotations[jobspec.ConfigHashAnnotation] = "x" }, lags: true},
		"the definition comes back": {wanted: has, change: leaves, lags: true},
		"it is a person's":          {wanted: has, change: func(n *v1alpha1.NodeCronJob) { persons(n); edited(n) }},
		"the definition has left":   {wanted: none, change: func(*v1alpha1.NodeCronJob) {}, hasLost: true},
		"that is withdrawn":         {wanted: none, change: leaves, hasLost: true},
		"none is wanted":            {wanted: none, change: persons},
		"it is of another ConfigMap, which had a definition": {wanted: none, change: func(n *v1alpha1.NodeCronJob) {
			n.Annotations[jobspec.SourceAnnotation] = "ConfigMap/settings-6f2k"
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, n := &Mirror{}, stored(t, has.created())
			m.wanted.Store(&tt.wanted)
			tt.change(n)
			if lags, hasLost := m.Lags(n), m.HasLost(n); lags != tt.lags || hasLost != tt.hasLost {
				t.Errorf("lags: %t, has lost it: %t; want %t and %t", lags, hasLost, tt.lags, tt.hasLost)
			}
		})
	}
}

func persons(n *v1alpha1.NodeCronJob) { delete(n.Annotations, jobspec.SourceAnnotation) }

func deleting(n *v1alpha1.NodeCronJob) {
	now := metav1.NewTime(time.Unix(1, 0))
	n.DeletionTimestamp = &now
	n.Spec.PodPoolSize = 99
}

func leaves(n *v1alpha1.NodeCronJob) { *n = *withdrawn(n) }

func resumed(n *v1alpha1.NodeCronJob) { leaves(n); n.Spec.Suspend = false }

// What people may change survives each write.
func TestWritesKeepWhatPeopleMayChange(t *testing.T) {
	w := WantedOf(configOf(t, "podPoolSize: 5\n"), "settings")
	found := stored(t, w.created())
	found.Spec.Suspend, found.Spec.ConcurrencyPolicy, found.Spec.Priority = true, v1alpha1.ReplaceConcurrent, -3
	found.Labels["team"], found.Annotations["note"], found.ResourceVersion, found.UID = "disks", "x", "17", "u"
	found.Status.ObservedGeneration = 4
	want := found.DeepCopy()
	found.Spec.PodPoolSize = 6
	if diff := cmp.Diff(want, Decide(w, found, false).Object); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want.Annotations[jobspec.ConfigHashAnnotation], want.Spec.PodPoolSize = "next", 7
	next := WantedOf(configOf(t, "podPoolSize: 7\n"), "settings")
	next.Hash = "next"
	if diff := cmp.Diff(want, Decide(next, found, false).Object); diff != "" {
		t.Errorf("after a change of the ConfigMap, -want +got:\n%s", diff)
	}
}

// Deleting the ConfigMap must not delete executions, and a tool that deploys the controller
// must not delete the copy.
func TestWhatIsCreated(t *testing.T) {
	n := WantedOf(configOf(t, ""), "settings").created()
	if len(n.OwnerReferences) > 0 || len(n.Finalizers) > 0 {
		t.Errorf("got owners %v, finalizers %v, want none", n.OwnerReferences, n.Finalizers)
	}
	want := map[string]string{
		"argocd.argoproj.io/compare-options": "IgnoreExtraneous", "argocd.argoproj.io/sync-options": "Prune=false",
		"batch-job-controller.io/source": "ConfigMap/settings", "batch-job-controller.io/config-hash": configOf(t, "").Hash,
	}
	if diff := cmp.Diff(want, n.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if n.Name != "check" || n.Labels["batch-job-controller.io/owner"] != "check" {
		t.Errorf("got %s of %v, want check of check", n.Name, n.Labels)
	}
}

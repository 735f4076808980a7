package definitions

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// configMap plays the mirror: what the NodeCronJob of the name one should be.
type configMap struct {
	prefix string
	gone   bool // its definition
}

func (c *configMap) Lags(n *v1alpha1.NodeCronJob) bool {
	return isCopied(n) && !c.gone && n.Spec.Metrics.Prefix != c.prefix
}

func (c *configMap) HasLost(n *v1alpha1.NodeCronJob) bool { return isCopied(n) && c.gone }

func isCopied(n *v1alpha1.NodeCronJob) bool { return n.Annotations[jobspec.SourceAnnotation] != "" }

// copied writes the NodeCronJob as the mirror does.
func (w *world) copied(prefix string) {
	w.Helper()
	w.change("one", func(n *v1alpha1.NodeCronJob) {
		n.Spec.Metrics.Prefix = prefix
		n.Annotations = map[string]string{jobspec.SourceAnnotation: "ConfigMap/settings", jobspec.ConfigHashAnnotation: prefix}
	})
}

// mirroring starts a replica with a ConfigMap.
func (w *world) mirroring(c *configMap) *replica {
	w.Helper()
	r := w.replica("one")
	r.Definitions.mu.Lock() // Run is at it
	defer r.Definitions.mu.Unlock()
	r.Mirror = c
	return r
}

func TestACopyTakesEffectAsTheConfigMapHasIt(t *testing.T) {
	inWorld(t, func(w *world) {
		c := &configMap{prefix: "disk"}
		r := w.mirroring(c)
		w.create("one", "one", specOf("before"))
		w.copied("old")
		w.wants("of the ConfigMap of before", r.prefix("one"), "before")
		w.delete("one")
		r.wantsApplied("one before/1", "one ends")
		w.create("one", "other", specOf("x"))
		w.copied("old")
		w.change("one", func(n *v1alpha1.NodeCronJob) { n.Labels[jobspec.OwnerLabel] = "one" })
		r.wantsApplied()
		if r.HasCopied("old") || len(r.Names()) > 0 {
			t.Error("a copy of another ConfigMap is known")
		}
		w.copied("disk")
		w.wants("as the ConfigMap has it", r.prefix("one"), "disk")
		if !r.HasCopied("disk") || r.HasCopied("old") {
			t.Error("it is not known whose copy it is")
		}
		r.wantsApplied("one disk/3")
		w.change("one", func(n *v1alpha1.NodeCronJob) { n.Spec.Metrics.Prefix, n.Spec.Suspend = "edited", true })
		r.wantsApplied("one disk/3 suspended") // a person may suspend it, whatever else is wrong
		c.prefix = "next"
		r.Share(config.Controller{Name: "one"})
		w.copied("next")
		w.wants("after a change of the ConfigMap", r.prefix("one"), "next")
		c.gone = true
		r.Share(config.Controller{Name: "one"})
		w.settled()
		w.wants("after the definition has left", r.prefix("one"), "")
		if r.HasCopied("next") {
			t.Error("what has left is still known")
		}
	})
}

func TestAPersonsNodeCronJobOfTheControllersName(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.mirroring(&configMap{prefix: "disk"})
		if r.HasCopied("disk") {
			t.Error("there is none")
		}
		w.create("one", "one", specOf("mine"))
		w.wants("the person's", r.prefix("one"), "mine")
		if !r.HasCopied("disk") {
			t.Error("a copy is waited for, and the person's has its name")
		}
		w.delete("one")
		source := r.Source("one")
		r.Release("one")
		if first := r.Source("one").First(); source != r.Source("one") || first == nil || first.Object.FromConfigMap {
			t.Error("it is forgotten with which NodeCronJob the process began")
		}
	})
}

// Who has only the ConfigMap need not know of the metrics of others.
func TestTheCopyIsTheOldest(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.mirroring(&configMap{prefix: "disk"})
		w.create("older", "one", specOf("disk"))
		w.wants("before there is a copy", r.prefix("older"), "disk")
		time.Sleep(time.Hour)
		w.create("one", "other", specOf("x"))
		w.copied("disk")
		w.change("one", func(n *v1alpha1.NodeCronJob) { n.Labels = map[string]string{jobspec.OwnerLabel: "one"} })
		w.wants("the copy", r.prefix("one"), "disk")
		w.wants("the older one", r.prefix("older"), "")
		if source := r.Get("one").Current(); !source.Object.FromConfigMap || source.Hash != "disk" {
			t.Errorf("got %+v with the hash %s", source.Object, source.Hash)
		}
	})
}

// runOnStartup needs to know that it is not the one with which the process began.
func TestTheCopyIsCreatedAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		r := w.mirroring(&configMap{prefix: "disk"})
		again := func() {
			w.create("one", "other", specOf("x"))
			w.copied("disk")
			w.change("one", func(n *v1alpha1.NodeCronJob) { n.Labels = map[string]string{jobspec.OwnerLabel: "one"} })
		}
		again()
		first := r.Source("one").First().Object.UID
		w.delete("one")
		r.Release("one")
		again()
		source := r.Source("one")
		if source.First().Object.UID != first || source.Current().Object.UID == first {
			t.Errorf("began with %s, now %s, and the first was %s", source.First().Object.UID, source.Current().Object.UID, first)
		}
	})
}

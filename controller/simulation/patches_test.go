package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// patch is a change of an Execution's spec or metadata that must not disturb it.
type patch struct {
	at   time.Duration
	pick int
	what string
	back time.Duration // until it is resumed
}

const (
	labelIt    = "label"
	annotateIt = "annotate"
	resumeIt   = "resume"
	pauseIt    = "pause"
)

// drawPatches draws from a source of its own too.
func (s *scenario) drawPatches(r *rand.Rand) {
	if chance(r, 0.4) {
		return
	}
	for range 1 + r.IntN(30) {
		s.patches = append(s.patches, patch{
			at: s.drawMoment(r).at, pick: r.IntN(100), what: []string{labelIt, annotateIt, resumeIt, pauseIt}[r.IntN(4)], back: seconds(r, 0, 1),
		})
	}
}

// patch changes the open Execution, or another one, as people and tools may.
func (w *world) patch(p patch) {
	objects := w.api.tables[executions].at(w.api.version)
	if len(objects) == 0 {
		return
	}
	name := objects[p.pick%len(objects)].GetName()
	if open := w.oracle.openRecords(); len(open) > 0 {
		name = w.oracle.records[open[0]].object.Name
	}
	w.note("user", p.what, "executions/"+name, "")
	w.oracle.stats.Patched++
	change := func(f func(*v1alpha1.Execution)) { alter(w, executions, name, f) }
	value := fmt.Sprint(p.at.Nanoseconds())
	switch p.what {
	case labelIt:
		change(func(e *v1alpha1.Execution) { metav1.SetMetaDataLabel(&e.ObjectMeta, "example.com/seen", value) })
	case annotateIt:
		change(func(e *v1alpha1.Execution) { e.Annotations = map[string]string{"example.com/seen": value} })
	case resumeIt:
		change(func(e *v1alpha1.Execution) { e.Spec.Paused = false })
	case pauseIt:
		change(func(e *v1alpha1.Execution) { e.Spec.Paused = true })
		w.after(p.back, func() {
			w.note("user", resumeIt, "executions/"+name, "")
			change(func(e *v1alpha1.Execution) { e.Spec.Paused = false })
		})
	}
}

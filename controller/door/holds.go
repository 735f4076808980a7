package door

import (
	"cmp"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// hold is an execution that was opened, or may have been, as this replica knows it. Until
// none of its pods may run, no other execution of the definition opens.
type hold struct {
	plan.Entry
	is    Fate
	about corev1.ObjectReference
	since time.Time // for alone: when this replica found that out
	busy  bool      // for alone: a Job or a pod of it was seen to run
	look  time.Time // for unclear and alone: when to look again
}

// Fate is what this replica knows of an execution that was opened, or may have been.
type Fate int

// The fates.
const (
	Unclear Fate = iota // the API server has to be asked
	runs                // this replica has adopted it
	Alone               // it is deleted or damaged, and its pods may run
	Over                // its entry can be removed
)

const (
	lookPause  = 5 * time.Second // between two looks for the pods of an execution
	clearPause = time.Second     // after a read that failed
)

// settled reports whether it is known that the execution keeps others from opening.
func (h hold) settled() bool { return h.is == runs || (h.is == Alone && h.busy) }

// aboutEntry returns the reference of an event about the Execution of an entry.
func (d *Door) aboutEntry(e plan.Entry) corev1.ObjectReference {
	return kube.ExecutionReference(&v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Namespace: d.Opener.Namespace, Name: e.Name, UID: types.UID(e.UID)}})
}

// hold notes what is known of an execution.
func (d *Door) hold(h hold) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.about.Name == "" {
		h.about = d.aboutEntry(h.Entry)
	}
	d.holds[h.UID] = h
}

// held returns what is known of executions that were opened, or may have been, ordered by ID.
func (d *Door) held() []hold {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.SortedFunc(maps.Values(d.holds), func(a, b hold) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.UID, b.UID)) })
}

func (d *Door) isHeld(uid types.UID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.holds[string(uid)]
	return ok
}

// unhold forgets an execution, unless something else has become known of it.
func (d *Door) unhold(h hold) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.holds[h.UID].is == h.is {
		delete(d.holds, h.UID)
	}
}

// blocking returns the execution that keeps an Execution from opening; nil: there is none.
// One that is known to do so comes first.
func (d *Door) blocking(uid types.UID) *hold {
	var found *hold
	for _, h := range d.held() {
		if h.is == Over || h.UID == string(uid) {
			continue
		}
		if h.settled() {
			return &h
		}
		found = cmp.Or(found, &h)
	}
	return found
}

// prepare changes a state so that it says what this replica knows.
func (d *Door) prepare(s *plan.State) {
	for _, h := range d.held() {
		switch {
		case h.is == Over:
			s.End(h.UID)
		case h.is != Unclear && h.ID != "":
			s.Restore(d.present(h))
		}
	}
	d.ticker.Prepare(s, d.line.executions())
}

// present returns the entry of an execution, with the share that its run has written last.
func (d *Door) present(h hold) plan.Entry {
	if r, ok := d.Running.RecordOf(h.UID); ok {
		return record.EntryOf(r.Object, h.ID)
	}
	return h.Entry
}

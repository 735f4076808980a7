package simulation

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// owners returns the kinds that own objects, by what an ownerReference calls them. The pod of
// a Job goes in jobs_test.go.
func owners() map[string]kind {
	return map[string]kind{"ConfigMap": configMaps, v1alpha1.ExecutionKind: executions, v1alpha1.NodeCronJobKind: nodeCronJobs}
}

// dependents returns the kinds that those own.
func dependents() []kind { return []kind{executions, configMaps, jobs, secrets} }

// collect is the garbage collector: it deletes what an object that is gone owns.
func (w *world) collect(owner object) {
	for _, k := range dependents() {
		for _, o := range w.ownedBy(owner.GetUID(), k) {
			w.collectLater(k, o)
		}
	}
}

// ownedBy returns the objects of a kind that an object owns.
func (w *world) ownedBy(owner types.UID, k kind) []object {
	return slices.DeleteFunc(w.api.tables[k].at(w.api.version), func(o object) bool {
		ref := metav1.GetControllerOf(o)
		return ref == nil || ref.UID != owner
	})
}

// collectIfOwnerIsGone deletes an object that was created too late.
func (w *world) collectIfOwnerIsGone(k kind, o object) {
	ref := metav1.GetControllerOf(o)
	if ref == nil {
		return
	}
	ownerKind, known := owners()[ref.Kind]
	if !known {
		return // a pod
	}
	if owner := w.api.get(ownerKind, ref.Name); owner == nil || owner.GetUID() != ref.UID {
		w.collectLater(k, o)
	}
}

// collectLater deletes an object after a while, unless it has lost its owner or its name by
// then.
func (w *world) collectLater(k kind, o object) {
	what := []string{"gc", o.GetName()}
	if k == configMaps || k == executions {
		what = append(what, string(k)) // otherwise as in older seeds
	}
	owner := metav1.GetControllerOf(o).UID
	w.after(w.draw(what...).between(200*time.Millisecond, 2*time.Second), func() {
		current := w.api.get(k, o.GetName())
		if current == nil || current.GetUID() != o.GetUID() {
			return
		}
		if ref := metav1.GetControllerOf(current); ref == nil || ref.UID != owner {
			return
		}
		w.note("gc", "delete", string(k)+"/"+o.GetName(), "")
		w.remove(k, o.GetName())
	})
}

// delete deletes an object as a client asks for. In the background, which is the default, it
// is gone at once.
func (w *world) delete(k kind, name string, policy *metav1.DeletionPropagation) {
	stored := w.api.get(k, name)
	if stored == nil {
		return
	}
	if policy == nil || *policy == metav1.DeletePropagationBackground || (k != executions && k != nodeCronJobs) {
		w.remove(k, name)
		return
	}
	if stored.GetDeletionTimestamp() != nil {
		return
	}
	uid := stored.GetUID()
	w.markDeleted(k, stored, *policy)
	if *policy == metav1.DeletePropagationForeground {
		w.collect(stored)
	}
	// All dependents are collected within two seconds.
	w.after(w.draw("finalizer", string(k), name).between(2*time.Second, 4*time.Second), func() {
		current := w.api.get(k, name)
		if current == nil || current.GetUID() != uid {
			return
		}
		if *policy == metav1.DeletePropagationOrphan {
			w.orphan(uid)
		}
		w.note("gc", "finalize", string(k)+"/"+name, "")
		w.remove(k, name)
	})
}

// markDeleted shows that an object is being deleted: it remains until its finalizer is gone.
func (w *world) markDeleted(k kind, stored object, policy metav1.DeletionPropagation) {
	finalizer := metav1.FinalizerDeleteDependents
	if policy == metav1.DeletePropagationOrphan {
		finalizer = metav1.FinalizerOrphanDependents
	}
	marked := stored.DeepCopyObject().(object)
	now, none := metav1.NewTime(time.Now().Truncate(time.Second)), int64(0)
	marked.SetDeletionTimestamp(&now)
	marked.SetDeletionGracePeriodSeconds(&none)
	marked.SetFinalizers(append(marked.GetFinalizers(), finalizer))
	marked.SetGeneration(marked.GetGeneration() + 1)
	w.api.put(k, watch.Modified, marked)
}

// orphan takes its owner from what an object owns.
func (w *world) orphan(owner types.UID) {
	for _, k := range dependents() {
		for _, o := range w.ownedBy(owner, k) {
			freed := o.DeepCopyObject().(object)
			freed.SetOwnerReferences(slices.DeleteFunc(freed.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return ref.UID == owner }))
			w.note("gc", "orphan", string(k)+"/"+o.GetName(), "")
			w.must(w.update(k, freed))
		}
	}
}

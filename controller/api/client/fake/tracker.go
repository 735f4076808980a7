package fake

import (
	"fmt"
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"
)

// tracker gives each object that is stored a UID and a resourceVersion. The latter is that
// of the storage below, which knows it only for lists and watches: a watch from the version
// of an object misses nothing.
type tracker struct {
	clienttesting.ObjectTracker
	scheme *runtime.Scheme

	mu       sync.Mutex
	uids     int
	versions map[schema.GroupVersionResource]int64 // of the last write, less 1
}

// Add implements clienttesting.ObjectTracker. The object keeps its status, and its UID if it
// has one.
func (t *tracker) Add(object runtime.Object) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	kinds, _, err := t.scheme.ObjectKinds(object)
	if err != nil {
		return err
	}
	resource, _ := meta.UnsafeGuessKindToResource(kinds[0])
	if _, err := t.Get(resource, accessor.GetNamespace(), accessor.GetName()); err == nil {
		return t.Update(resource, object, accessor.GetNamespace())
	}
	return t.Create(resource, object, accessor.GetNamespace())
}

// Create implements clienttesting.ObjectTracker.
func (t *tracker) Create(resource schema.GroupVersionResource, object runtime.Object, namespace string, options ...metav1.CreateOptions) error {
	object = object.DeepCopyObject()
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uids++
	if accessor.GetUID() == "" {
		accessor.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", t.uids)))
	}
	accessor.SetGeneration(max(1, accessor.GetGeneration()))
	return t.store(resource, accessor, func() error {
		return t.ObjectTracker.Create(resource, object, namespace, options...)
	})
}

// Update implements clienttesting.ObjectTracker.
func (t *tracker) Update(resource schema.GroupVersionResource, object runtime.Object, namespace string, options ...metav1.UpdateOptions) error {
	object = object.DeepCopyObject()
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.store(resource, accessor, func() error {
		return t.ObjectTracker.Update(resource, object, namespace, options...)
	})
}

// Patch implements clienttesting.ObjectTracker: the object is the patched one, which its
// client gets too.
func (t *tracker) Patch(resource schema.GroupVersionResource, object runtime.Object, namespace string, options ...metav1.PatchOptions) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, err := t.Get(resource, namespace, accessor.GetName())
	if err != nil {
		return err
	}
	if err := PrepareUpdate(object, stored); err != nil {
		return err
	}
	return t.store(resource, accessor, func() error {
		return t.ObjectTracker.Patch(resource, object, namespace, options...)
	})
}

// store gives an object the version that the storage will have, if it takes the object.
func (t *tracker) store(resource schema.GroupVersionResource, accessor metav1.Object, write func() error) error {
	const first = 2 // of client-go's tracker
	accessor.SetResourceVersion(strconv.FormatInt(first+t.versions[resource], 10))
	if err := write(); err != nil {
		return err
	}
	t.versions[resource]++
	return nil
}

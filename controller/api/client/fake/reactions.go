package fake

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// object is a NodeCronJob or an Execution.
type object interface {
	metav1.Object
	runtime.Object
}

// create stores an object without its status.
func (c *Client) create(action clienttesting.Action) (bool, runtime.Object, error) {
	creation, ok := action.(clienttesting.CreateActionImpl)
	if !ok {
		return false, nil, nil
	}
	created, ok := creation.GetObject().DeepCopyObject().(object)
	if !ok {
		return false, nil, nil
	}
	if created.GetName() == "" && created.GetGenerateName() != "" {
		created.SetName(fmt.Sprintf("%s%05d", created.GetGenerateName(), c.generated.Add(1)))
	}
	created.SetCreationTimestamp(metav1.NewTime(time.Now().Truncate(time.Second)))
	if err := PrepareCreate(created); err != nil {
		return true, nil, err
	}
	if err := c.tracker.Create(action.GetResource(), created, action.GetNamespace()); err != nil {
		return true, nil, err
	}
	return c.stored(action, created.GetName())
}

// update swaps the spec or the status of an object, unless it has changed since it was
// read.
func (c *Client) update(action clienttesting.Action) (bool, runtime.Object, error) {
	change, ok := action.(clienttesting.UpdateActionImpl)
	if !ok {
		return false, nil, nil
	}
	changed, ok := change.GetObject().DeepCopyObject().(object)
	if !ok {
		return false, nil, nil
	}
	old, err := c.read(action, changed.GetName())
	if err != nil {
		return true, nil, err
	}
	if err := conflict(action.GetResource(), old, changed.GetUID(), changed.GetResourceVersion()); err != nil {
		return true, nil, err
	}
	prepare := PrepareUpdate
	if action.GetSubresource() == "status" {
		prepare = PrepareUpdateStatus
	}
	if err := prepare(changed, old); err != nil {
		return true, nil, err
	}
	if Unchanged(changed, old) {
		return true, old, nil
	}
	if err := c.tracker.Update(action.GetResource(), changed, action.GetNamespace()); err != nil {
		return true, nil, err
	}
	return c.stored(action, changed.GetName())
}

// Unchanged reports whether an update changes nothing. The API server does not store it, and
// the resourceVersion stays.
func Unchanged(updated, stored object) bool {
	updated.GetObjectKind().SetGroupVersionKind(stored.GetObjectKind().GroupVersionKind())
	updated.SetUID(stored.GetUID())
	updated.SetResourceVersion(stored.GetResourceVersion())
	return equality.Semantic.DeepEqual(updated, stored)
}

// patch leaves the patches of specs and metadata to the tracker.
func (c *Client) patch(action clienttesting.Action) (bool, runtime.Object, error) {
	if action.GetSubresource() != "" {
		return true, nil, fmt.Errorf("the fake has no patch of a %s", action.GetSubresource())
	}
	return false, nil, nil
}

func (c *Client) delete(action clienttesting.Action) (bool, runtime.Object, error) {
	deletion, ok := action.(clienttesting.DeleteActionImpl)
	if !ok {
		return false, nil, nil
	}
	old, err := c.read(action, deletion.GetName())
	if err != nil {
		return true, nil, err
	}
	if p := deletion.DeleteOptions.Preconditions; p != nil {
		if err := conflict(action.GetResource(), old, value(p.UID), value(p.ResourceVersion)); err != nil {
			return true, nil, err
		}
	}
	return true, nil, c.tracker.Delete(action.GetResource(), action.GetNamespace(), deletion.GetName())
}

// value returns what a pointer points at, or the empty text.
func value[T ~string](p *T) T {
	if p == nil {
		return ""
	}
	return *p
}

// deleteCollection deletes the objects that both selectors match.
func (c *Client) deleteCollection(action clienttesting.Action) (bool, runtime.Object, error) {
	deletion, ok := action.(clienttesting.DeleteCollectionActionImpl)
	if !ok {
		return false, nil, nil
	}
	kind := v1alpha1.NodeCronJobKind
	if action.GetResource().Resource == v1alpha1.ExecutionResource {
		kind = v1alpha1.ExecutionKind
	}
	list, err := c.tracker.List(action.GetResource(), v1alpha1.GroupVersion().WithKind(kind), action.GetNamespace())
	if err != nil {
		return true, nil, err
	}
	which := deletion.GetListRestrictions()
	return true, nil, meta.EachListItem(list, func(item runtime.Object) error {
		o, ok := item.(object)
		if !ok || !which.Labels.Matches(labels.Set(o.GetLabels())) || !which.Fields.Matches(fields.Set{metav1.ObjectNameField: o.GetName()}) {
			return nil
		}
		return c.tracker.Delete(action.GetResource(), o.GetNamespace(), o.GetName())
	})
}

func (c *Client) read(action clienttesting.Action, name string) (object, error) {
	stored, err := c.tracker.Get(action.GetResource(), action.GetNamespace(), name)
	if err != nil {
		return nil, err
	}
	o, ok := stored.(object)
	if !ok {
		return nil, fmt.Errorf("%s of %T are none of this fake", action.GetResource().Resource, stored)
	}
	return o, nil
}

func (c *Client) stored(action clienttesting.Action, name string) (bool, runtime.Object, error) {
	got, err := c.tracker.Get(action.GetResource(), action.GetNamespace(), name)
	return true, got, err
}

// conflict is the error of a request about an object of another UID or version; empty: any.
func conflict[U, V ~string](resource schema.GroupVersionResource, stored metav1.Object, uid U, version V) error {
	if uid != "" && string(uid) != string(stored.GetUID()) {
		return apierrors.NewConflict(resource.GroupResource(), stored.GetName(), errors.New("the object has another UID"))
	}
	if version != "" && string(version) != stored.GetResourceVersion() {
		return apierrors.NewConflict(resource.GroupResource(), stored.GetName(),
			fmt.Errorf("the object is of version %s, not %s", stored.GetResourceVersion(), version))
	}
	return nil
}

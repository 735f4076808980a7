package fake

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/gentype"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Client is a client.Interface that stores objects in memory. Its Fake takes reactions and
// records actions.
type Client struct {
	*clienttesting.Fake
	tracker clienttesting.ObjectTracker
}

// New returns a client with some objects.
func New(objects ...runtime.Object) (*Client, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("add %s to a scheme: %w", v1alpha1.GroupVersion(), err)
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDecoder()
	c := &Client{
		Fake:    &clienttesting.Fake{},
		tracker: &versions{ObjectTracker: clienttesting.NewObjectTracker(scheme, decoder)},
	}
	for _, object := range objects {
		if err := c.tracker.Add(object); err != nil {
			return nil, fmt.Errorf("add object: %w", err)
		}
	}
	c.AddReactor("create", "*", c.create)
	c.AddReactor("update", "*", c.update)
	c.AddReactor("*", "*", clienttesting.ObjectReaction(c.tracker))
	c.AddWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		var options metav1.ListOptions
		if watching, ok := action.(clienttesting.WatchActionImpl); ok {
			options = watching.ListOptions
		}
		w, err := c.tracker.Watch(action.GetResource(), action.GetNamespace(), options)
		return true, w, err
	})
	return c, nil
}

// NodeCronJobs implements client.Interface.
func (c *Client) NodeCronJobs(namespace string) client.NodeCronJobInterface {
	version := v1alpha1.GroupVersion()
	return gentype.NewFakeClientWithList(c.Fake, namespace,
		version.WithResource(v1alpha1.NodeCronJobResource), version.WithKind(v1alpha1.NodeCronJobKind),
		func() *v1alpha1.NodeCronJob { return &v1alpha1.NodeCronJob{} },
		func() *v1alpha1.NodeCronJobList { return &v1alpha1.NodeCronJobList{} },
		func(to, from *v1alpha1.NodeCronJobList) { to.ListMeta = from.ListMeta },
		func(list *v1alpha1.NodeCronJobList) []*v1alpha1.NodeCronJob {
			return gentype.ToPointerSlice(list.Items)
		},
		func(list *v1alpha1.NodeCronJobList, items []*v1alpha1.NodeCronJob) {
			list.Items = gentype.FromPointerSlice(items)
		})
}

// Executions implements client.Interface.
func (c *Client) Executions(namespace string) client.ExecutionInterface {
	version := v1alpha1.GroupVersion()
	return gentype.NewFakeClientWithList(c.Fake, namespace,
		version.WithResource(v1alpha1.ExecutionResource), version.WithKind(v1alpha1.ExecutionKind),
		func() *v1alpha1.Execution { return &v1alpha1.Execution{} },
		func() *v1alpha1.ExecutionList { return &v1alpha1.ExecutionList{} },
		func(to, from *v1alpha1.ExecutionList) { to.ListMeta = from.ListMeta },
		func(list *v1alpha1.ExecutionList) []*v1alpha1.Execution { return gentype.ToPointerSlice(list.Items) },
		func(list *v1alpha1.ExecutionList, items []*v1alpha1.Execution) {
			list.Items = gentype.FromPointerSlice(items)
		})
}

// create stores an object without its status, as the API server does.
func (c *Client) create(action clienttesting.Action) (bool, runtime.Object, error) {
	creation, ok := action.(clienttesting.CreateAction)
	if !ok {
		return false, nil, nil
	}
	object := creation.GetObject().DeepCopyObject()
	switch o := object.(type) {
	case *v1alpha1.NodeCronJob:
		o.Status = v1alpha1.NodeCronJobStatus{}
	case *v1alpha1.Execution:
		o.Status = v1alpha1.ExecutionStatus{}
	}
	if err := c.tracker.Create(action.GetResource(), object, action.GetNamespace()); err != nil {
		return true, nil, err
	}
	return c.stored(action, object)
}

// update swaps the spec or the status of an object, unless it has changed since it was
// read.
func (c *Client) update(action clienttesting.Action) (bool, runtime.Object, error) {
	change, ok := action.(clienttesting.UpdateAction)
	if !ok {
		return false, nil, nil
	}
	object := change.GetObject().DeepCopyObject()
	accessor, err := meta.Accessor(object)
	if err != nil {
		return true, nil, err
	}
	old, err := c.tracker.Get(action.GetResource(), action.GetNamespace(), accessor.GetName())
	if err != nil {
		return true, nil, err
	}
	if err := conflict(action.GetResource(), accessor, old); err != nil {
		return true, nil, err
	}
	if action.GetSubresource() == "status" {
		object = withStatus(old, object)
	} else {
		object = withStatus(object, old)
	}
	if err := c.tracker.Update(action.GetResource(), object, action.GetNamespace()); err != nil {
		return true, nil, err
	}
	return c.stored(action, object)
}

func (c *Client) stored(action clienttesting.Action, object runtime.Object) (bool, runtime.Object, error) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return true, nil, err
	}
	got, err := c.tracker.Get(action.GetResource(), action.GetNamespace(), accessor.GetName())
	return true, got, err
}

// conflict is the error of an update of an object that was read before it changed. An
// update without resourceVersion is of any.
func conflict(resource schema.GroupVersionResource, object metav1.Object, old runtime.Object) error {
	there, err := meta.Accessor(old)
	if err != nil {
		return err
	}
	if v := object.GetResourceVersion(); v != "" && v != there.GetResourceVersion() {
		return apierrors.NewConflict(resource.GroupResource(), object.GetName(),
			fmt.Errorf("the object is of version %s, not %s", there.GetResourceVersion(), v))
	}
	if uid := object.GetUID(); uid != "" && uid != there.GetUID() {
		return apierrors.NewConflict(resource.GroupResource(), object.GetName(), errors.New("the object has another UID"))
	}
	return nil
}

// withStatus returns the object with the status of another one of its kind.
func withStatus(object, other runtime.Object) runtime.Object {
	switch o := object.(type) {
	case *v1alpha1.NodeCronJob:
		if from, ok := other.(*v1alpha1.NodeCronJob); ok {
			o.Status = from.Status
		}
	case *v1alpha1.Execution:
		if from, ok := other.(*v1alpha1.Execution); ok {
			o.Status = from.Status
		}
	}
	return object
}

// versions gives each object that is stored a resourceVersion, a UID and a generation.
type versions struct {
	clienttesting.ObjectTracker
	last atomic.Int64
}

// Add implements clienttesting.ObjectTracker.
func (v *versions) Add(object runtime.Object) error {
	object = object.DeepCopyObject()
	if err := v.stamp(object, nil); err != nil {
		return err
	}
	return v.ObjectTracker.Add(object)
}

// Create implements clienttesting.ObjectTracker.
func (v *versions) Create(resource schema.GroupVersionResource, object runtime.Object, namespace string, options ...metav1.CreateOptions) error {
	if err := v.stamp(object, nil); err != nil {
		return err
	}
	return v.ObjectTracker.Create(resource, object, namespace, options...)
}

// Update implements clienttesting.ObjectTracker.
func (v *versions) Update(resource schema.GroupVersionResource, object runtime.Object, namespace string, options ...metav1.UpdateOptions) error {
	if err := v.succeed(resource, object, namespace); err != nil {
		return err
	}
	return v.ObjectTracker.Update(resource, object, namespace, options...)
}

// Patch implements clienttesting.ObjectTracker.
func (v *versions) Patch(resource schema.GroupVersionResource, object runtime.Object, namespace string, options ...metav1.PatchOptions) error {
	if err := v.succeed(resource, object, namespace); err != nil {
		return err
	}
	return v.ObjectTracker.Patch(resource, object, namespace, options...)
}

// succeed stamps an object that replaces that of its name.
func (v *versions) succeed(resource schema.GroupVersionResource, object runtime.Object, namespace string) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	old, err := v.Get(resource, namespace, accessor.GetName())
	if err != nil {
		return err
	}
	return v.stamp(object, old)
}

func (v *versions) stamp(object, old runtime.Object) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	version := v.last.Add(1)
	accessor.SetResourceVersion(strconv.FormatInt(version, 10))
	if old == nil {
		accessor.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", version)))
		accessor.SetGeneration(1)
		return nil
	}
	before, err := meta.Accessor(old)
	if err != nil {
		return err
	}
	accessor.SetUID(before.GetUID())
	accessor.SetGeneration(before.GetGeneration())
	if !equality.Semantic.DeepEqual(specOf(object), specOf(old)) {
		accessor.SetGeneration(before.GetGeneration() + 1)
	}
	return nil
}

func specOf(object runtime.Object) any {
	switch o := object.(type) {
	case *v1alpha1.NodeCronJob:
		return o.Spec
	case *v1alpha1.Execution:
		return o.Spec
	default:
		return nil
	}
}

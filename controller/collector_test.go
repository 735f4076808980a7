package controller

import (
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client/clienttest"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// ownedKind is a kind of objects that a custom resource owns.
type ownedKind struct {
	tracker  clienttesting.ObjectTracker
	resource schema.GroupVersionResource
	kind     schema.GroupVersionKind
}

func (c *cluster) ownedKinds() []ownedKind {
	version := v1alpha1.GroupVersion()
	return []ownedKind{
		{c.client.Resources.Tracker(), version.WithResource(v1alpha1.ExecutionResource), version.WithKind(v1alpha1.ExecutionKind)},
		{c.client.Tracker(), batchv1.SchemeGroupVersion.WithResource("jobs"), batchv1.SchemeGroupVersion.WithKind("Job")},
		{c.client.Tracker(), corev1.SchemeGroupVersion.WithResource("configmaps"), corev1.SchemeGroupVersion.WithKind("ConfigMap")},
		{c.client.Tracker(), corev1.SchemeGroupVersion.WithResource("secrets"), corev1.SchemeGroupVersion.WithKind("Secret")},
	}
}

// collectGarbage plays the garbage collector for custom resources. Pods go with their Jobs
// nowhere in this cluster.
func (c *cluster) collectGarbage() {
	c.client.Resources.PrependReactor("delete", "*", c.orphan)
	c.client.PrependReactor("create", "*", c.collectLate)
	c.client.Resources.PrependReactor("create", "*", c.collectLate)
	executions, err := c.client.V1alpha1().Executions(testNamespace).Watch(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	definitions, err := c.client.V1alpha1().NodeCronJobs(testNamespace).Watch(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	go func() {
		for {
			var event watch.Event
			select {
			case event = <-executions.ResultChan():
			case event = <-definitions.ResultChan():
			case <-c.ctx.Done():
				return
			}
			if owner, ok := event.Object.(metav1.Object); ok && event.Type == watch.Deleted {
				go c.collect(owner.GetUID())
			}
		}
	}()
}

// collect deletes what an object that is gone owned.
func (c *cluster) collect(owner types.UID) {
	if c.sleep(100 * time.Millisecond) {
		c.eachOwnedBy(owner, func(k ownedKind, o metav1.Object) { k.delete(c, o.GetName()) })
	}
}

func (k ownedKind) delete(c *cluster, name string) {
	c.client.AwaitWatches()
	if err := k.tracker.Delete(k.resource, testNamespace, name); err != nil && !apierrors.IsNotFound(err) {
		c.t.Error(err)
	}
}

// eachOwnedBy does something with all that an object owns.
func (c *cluster) eachOwnedBy(owner types.UID, do func(ownedKind, metav1.Object)) {
	for _, k := range c.ownedKinds() {
		list, err := k.tracker.List(k.resource, k.kind, testNamespace)
		if err != nil {
			c.t.Error(err)
			continue
		}
		objects, err := meta.ExtractList(list)
		if err != nil {
			c.t.Error(err)
		}
		for _, object := range objects {
			o := object.(metav1.Object)
			if ref := metav1.GetControllerOf(o); ref != nil && ref.UID == owner {
				do(k, o)
			}
		}
	}
}

// orphan takes the owner from what an object owns that is deleted with --cascade=orphan.
func (c *cluster) orphan(action clienttesting.Action) (bool, runtimeObject, error) {
	deletion := action.(clienttesting.DeleteActionImpl)
	policy := deletion.DeleteOptions.PropagationPolicy
	if policy == nil || *policy != metav1.DeletePropagationOrphan {
		return false, nil, nil
	}
	owner, err := c.client.Resources.Tracker().Get(action.GetResource(), action.GetNamespace(), deletion.Name)
	if err != nil {
		return false, nil, nil //nolint:nilerr // the fake answers NotFound itself
	}
	uid := owner.(metav1.Object).GetUID()
	c.eachOwnedBy(uid, func(k ownedKind, o metav1.Object) {
		o.SetOwnerReferences(slices.DeleteFunc(o.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return ref.UID == uid }))
		if err := k.tracker.Update(k.resource, o.(runtimeObject), testNamespace); err != nil {
			c.t.Error(err)
		}
	})
	return false, nil, nil
}

// collectLate deletes an object that is created after its owner is gone.
func (c *cluster) collectLate(action clienttesting.Action) (bool, runtimeObject, error) {
	created, ok := action.(clienttesting.CreateAction).GetObject().(metav1.Object)
	if !ok {
		return false, nil, nil
	}
	ref := metav1.GetControllerOf(created)
	if ref == nil || ref.APIVersion != v1alpha1.GroupVersion().String() {
		return false, nil, nil
	}
	name := created.GetName()
	go func() {
		if !c.sleep(time.Second) {
			return
		}
		resource, _ := meta.UnsafeGuessKindToResource(v1alpha1.GroupVersion().WithKind(ref.Kind))
		owner, err := c.client.Resources.Tracker().Get(resource, testNamespace, ref.Name)
		if err == nil && owner.(metav1.Object).GetUID() == ref.UID {
			return
		}
		c.eachOwnedBy(ref.UID, func(k ownedKind, o metav1.Object) {
			if o.GetName() == name {
				k.delete(c, name)
			}
		})
	}()
	return false, nil, nil
}

// What the controller is tested with is what a real API server does, as far as package
// clienttest tells.
func TestCustomResourcesOfTheTestCluster(t *testing.T) {
	for _, test := range append(clienttest.Cases(), clienttest.Collection()...) {
		t.Run(test.Name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t)
				test.Run(t, clienttest.Cluster{
					Namespace: testNamespace, Resources: c.client.V1alpha1(), ConfigMaps: c.client.CoreV1().ConfigMaps(testNamespace),
				})
			})
		})
	}
}

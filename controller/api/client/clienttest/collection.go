package clienttest

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// Collection returns what a cluster with a garbage collector does.
func Collection() []Case {
	return []Case{
		{"what a NodeCronJob owns goes with it", in(background)},
		{"what a NodeCronJob owns stays if it is orphaned", in(orphan)},
		{"what an Execution owns goes with it in the foreground", in(foreground)},
		{"what another object of the name owned goes", in(ownerIsGone)},
	}
}

// owned creates a NodeCronJob, an Execution of it, and a ConfigMap of that.
func (c cluster) owned(name string) *v1alpha1.Execution {
	c.t.Helper()
	n, err := c.Resources.NodeCronJobs(c.Namespace).Create(c.t.Context(), newNodeCronJob(name), metav1.CreateOptions{})
	c.must(err)
	e := c.create(name, func(e *v1alpha1.Execution) {
		e.OwnerReferences = owner(v1alpha1.NodeCronJobKind, n.Name, n.UID)
	})
	c.createConfigMap(name, e.UID)
	return e
}

func owner(kind, name string, uid types.UID) []metav1.OwnerReference {
	controller := true
	return []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion().String(), Kind: kind, Name: name, UID: uid, Controller: &controller}}
}

// createConfigMap creates a ConfigMap that an Execution of its name owns.
func (c cluster) createConfigMap(name string, of types.UID) {
	c.t.Helper()
	_, err := c.ConfigMaps.Create(c.t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: name, OwnerReferences: owner(v1alpha1.ExecutionKind, name, of),
	}}, metav1.CreateOptions{})
	c.must(err)
}

func (c cluster) deleteNodeCronJob(name string, policy metav1.DeletionPropagation) {
	c.t.Helper()
	c.must(c.Resources.NodeCronJobs(c.Namespace).Delete(c.t.Context(), name, metav1.DeleteOptions{PropagationPolicy: &policy}))
}

// await waits until something holds.
func (c cluster) await(what string, holds func(ctx context.Context) bool) {
	c.t.Helper()
	err := wait.PollUntilContextTimeout(c.t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		return holds(ctx), nil
	})
	if err != nil {
		c.t.Errorf("%s: not within a minute", what)
	}
}

func (c cluster) awaitGone(what string, get func(context.Context) error) {
	c.t.Helper()
	c.await(what+" is gone", func(ctx context.Context) bool { return isGone(get(ctx)) })
}

func (c cluster) nodeCronJob(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Resources.NodeCronJobs(c.Namespace).Get(ctx, name, metav1.GetOptions{})
		return err
	}
}

func (c cluster) execution(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.executions().Get(ctx, name, metav1.GetOptions{})
		return err
	}
}

func (c cluster) configMap(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.ConfigMaps.Get(ctx, name, metav1.GetOptions{})
		return err
	}
}

func background(c cluster) {
	c.owned("background")
	c.deleteNodeCronJob("background", metav1.DeletePropagationBackground)
	c.want("the NodeCronJob", c.nodeCronJob("background")(c.t.Context()), isGone)
	c.awaitGone("the Execution", c.execution("background"))
	c.awaitGone("its ConfigMap", c.configMap("background"))
}

func orphan(c cluster) {
	e := c.owned("orphan")
	c.deleteNodeCronJob("orphan", metav1.DeletePropagationOrphan)
	c.awaitGone("the NodeCronJob", c.nodeCronJob("orphan"))
	c.await("the Execution has no owner", func(context.Context) bool {
		got, err := c.get("orphan")
		return err == nil && got.UID == e.UID && len(got.OwnerReferences) == 0
	})
	c.want("its ConfigMap", c.configMap("orphan")(c.t.Context()), isNil)
}

func foreground(c cluster) {
	e := c.owned("foreground")
	policy := metav1.DeletePropagationForeground
	c.must(c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{PropagationPolicy: &policy}))
	if deleting, err := c.get(e.Name); !isGone(err) {
		c.must(err)
		if deleting.DeletionTimestamp == nil || deleting.Generation != e.Generation+1 {
			c.t.Errorf("got %+v, want that it is being deleted, of the next generation", deleting.ObjectMeta)
		}
	}
	c.awaitGone("its ConfigMap", c.configMap(e.Name))
	c.awaitGone("the Execution", c.execution(e.Name))
	c.want("the NodeCronJob", c.nodeCronJob(e.Name)(c.t.Context()), isNil)
}

// A dependent may be created after its owner is gone, and even after another object has the
// owner's name.
func ownerIsGone(c cluster) {
	e := c.create("again")
	c.must(c.executions().Delete(c.t.Context(), e.Name, metav1.DeleteOptions{}))
	other := c.create("again")
	c.createConfigMap("again", e.UID)
	c.awaitGone("the ConfigMap of the one that is gone", c.configMap("again"))
	c.createConfigMap("again", other.UID)
	c.await("the other ConfigMap is there", func(ctx context.Context) bool { return c.configMap("again")(ctx) == nil })
}

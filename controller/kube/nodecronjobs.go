package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

// NodeCronJobs is a cache of the NodeCronJobs of a namespace. A change that its watch misses
// is observed within five minutes.
type NodeCronJobs struct {
	informer  cache.SharedIndexInformer
	client    Client
	namespace string
}

// NewNodeCronJobs returns a cache that is empty until Run.
func NewNodeCronJobs(client Client, namespace, instance string, clk clock.WithTicker, jitter backoff.Jitter) (*NodeCronJobs, error) {
	informer := newInformer(client, &v1alpha1.NodeCronJob{},
		newListWatch(client.V1alpha1().NodeCronJobs(namespace), "", clk, relistTime(instance, v1alpha1.NodeCronJobResource), jitter))
	if err := informer.SetTransform(trimNodeCronJob); err != nil {
		return nil, fmt.Errorf("cache of NodeCronJobs: %w", err)
	}
	return &NodeCronJobs{informer: informer, client: client, namespace: namespace}, nil
}

// Run fills the cache and keeps it up to date until ctx ends.
func (c *NodeCronJobs) Run(ctx context.Context) { c.informer.RunWithContext(ctx) }

// WaitForSync waits until the cache has synced, or ctx ends.
func (c *NodeCronJobs) WaitForSync(ctx context.Context) error {
	if !cache.WaitForCacheSync(ctx.Done(), c.informer.HasSynced) {
		return fmt.Errorf("the cache of NodeCronJobs did not sync: %w", context.Cause(ctx))
	}
	return nil
}

// All returns the NodeCronJobs, which the caller must not change, sorted by name.
func (c *NodeCronJobs) All() []*v1alpha1.NodeCronJob {
	var all []*v1alpha1.NodeCronJob
	for _, object := range c.informer.GetStore().List() {
		if n, ok := object.(*v1alpha1.NodeCronJob); ok {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b *v1alpha1.NodeCronJob) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Get returns the NodeCronJob of a name, of any controller, which the caller must not change, or
// nil.
func (c *NodeCronJobs) Get(name string) *v1alpha1.NodeCronJob {
	object, _, err := c.informer.GetStore().GetByKey(c.namespace + "/" + name)
	n, ok := object.(*v1alpha1.NodeCronJob)
	if err != nil || !ok {
		return nil
	}
	return n
}

// Find asks the API server for the NodeCronJob of a name, of any controller. It returns nil if
// there is none.
func (c *NodeCronJobs) Find(ctx context.Context, name string) (*v1alpha1.NodeCronJob, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	found, err := c.client.V1alpha1().NodeCronJobs(c.namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("read NodeCronJob %s: %w", name, err)
	}
	return found, nil
}

// Synced reports whether the cache has been filled.
func (c *NodeCronJobs) Synced() bool { return c.informer.HasSynced() }

// Notify calls f after each NodeCronJob that is added, changed or deleted, and after each
// list. f must not block.
func (c *NodeCronJobs) Notify(f func()) error {
	if _, err := c.informer.AddEventHandler(OnChange(func(any) { f() })); err != nil {
		return fmt.Errorf("cache of NodeCronJobs: %w", err)
	}
	return nil
}

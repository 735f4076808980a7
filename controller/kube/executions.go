package kube

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Executions is a cache of the Executions of a namespace, without their accounts. It decides
// nothing: it only tells which Execution to read. A change that its watch misses is observed
// within five minutes.
type Executions struct {
	informer  cache.SharedIndexInformer
	namespace string
}

// NewExecutions returns a cache that is empty until Run.
func NewExecutions(client Client, namespace, instance string, clk clock.WithTicker, jitter backoff.Jitter) (*Executions, error) {
	informer := newInformer(client, &v1alpha1.Execution{},
		newListWatch(client.V1alpha1().Executions(namespace), "", clk, relistTime(instance, v1alpha1.ExecutionResource), jitter))
	err := errors.Join(informer.SetTransform(trimExecution), informer.AddIndexers(cache.Indexers{byDefinition: indexByDefinition}))
	if err != nil {
		return nil, fmt.Errorf("cache of Executions: %w", err)
	}
	return &Executions{informer: informer, namespace: namespace}, nil
}

// byDefinition indexes Executions by the NodeCronJob that they name.
const byDefinition = "definition"

func indexByDefinition(object any) ([]string, error) {
	e, ok := object.(*v1alpha1.Execution)
	if !ok {
		return nil, nil
	}
	return []string{e.Spec.NodeCronJobName}, nil
}

func trimExecution(object any) (any, error) {
	e, ok := object.(*v1alpha1.Execution)
	if !ok {
		return object, nil
	}
	trimmed := *e
	trimmed.ManagedFields = nil
	trimmed.Status.Account = nil
	return &trimmed, nil
}

// Run fills the cache and keeps it up to date until ctx ends.
func (c *Executions) Run(ctx context.Context) { c.informer.RunWithContext(ctx) }

// Synced reports whether the cache has been filled.
func (c *Executions) Synced() bool { return c.informer.HasSynced() }

// WaitForSync waits until the cache has synced, or ctx ends.
func (c *Executions) WaitForSync(ctx context.Context) error {
	if !cache.WaitForCacheSync(ctx.Done(), c.informer.HasSynced) {
		return fmt.Errorf("the cache of Executions did not sync: %w", context.Cause(ctx))
	}
	return nil
}

// Shows reports whether the cache has the Execution as it was read or written: with the same
// spec, and not deleted. Otherwise, one of the two is older.
func (c *Executions) Shows(e *v1alpha1.Execution) bool {
	object, found, err := c.informer.GetStore().GetByKey(c.namespace + "/" + e.Name)
	cached, ok := object.(*v1alpha1.Execution)
	return err == nil && found && ok && !changed(e, cached)
}

// changed reports whether an Execution has another spec than before, or was deleted or
// replaced.
func changed(before, now *v1alpha1.Execution) bool {
	return before.UID != now.UID || before.Generation != now.Generation || before.DeletionTimestamp.IsZero() != now.DeletionTimestamp.IsZero()
}

// ExecutionsOf returns the Executions of a definition, of any controller, in no order.
func (c *Executions) ExecutionsOf(definition string) []*v1alpha1.Execution {
	objects, err := c.informer.GetIndexer().ByIndex(byDefinition, definition)
	if err != nil {
		return nil
	}
	all := make([]*v1alpha1.Execution, 0, len(objects))
	for _, object := range objects {
		if e, ok := object.(*v1alpha1.Execution); ok {
			all = append(all, e)
		}
	}
	return all
}

// Definitions returns the definitions that have Executions, of any controller, in no order.
func (c *Executions) Definitions() []string {
	return c.informer.GetIndexer().ListIndexFuncValues(byDefinition)
}

// Notify calls f with each Execution that is added or deleted, or whose spec changes, and with
// its definition. The status is what the leader writes: its own writes tell it nothing. f must
// not block.
func (c *Executions) Notify(f func(definition string, e execution.Object)) error {
	tell := func(object any) {
		if e, ok := withoutTombstone(object).(*v1alpha1.Execution); ok {
			f(e.Spec.NodeCronJobName, execution.Object{Name: e.Name, UID: string(e.UID)})
		}
	}
	_, err := c.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: tell,
		UpdateFunc: func(before, after any) {
			old, oldOK := before.(*v1alpha1.Execution)
			current, currentOK := after.(*v1alpha1.Execution)
			if !oldOK || !currentOK || !changed(old, current) {
				return
			}
			if old.UID != current.UID {
				tell(old) // it was deleted, and another one has its name
			}
			tell(current)
		},
		DeleteFunc: tell,
	})
	if err != nil {
		return fmt.Errorf("cache of Executions: %w", err)
	}
	return nil
}

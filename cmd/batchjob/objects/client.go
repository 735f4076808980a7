package objects

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// Manager is the field manager of all applied objects. Only objects that it has
// applied are deleted: a client that can only write the inventory cannot cause the
// deletion of other objects.
const Manager = "kubectl-batchjob"

// Client reads and writes objects of any kind.
type Client struct {
	Dynamic dynamic.Interface
	Mapper  meta.RESTMapper
}

func (c *Client) resource(r Reference) (dynamic.ResourceInterface, error) {
	kind := r.kind()
	mapping, err := c.Mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.Dynamic.Resource(mapping.Resource), nil
	}
	return c.Dynamic.Resource(mapping.Resource).Namespace(r.Namespace), nil
}

// get returns nil if the object does not exist.
func (c *Client) get(ctx context.Context, r Reference) (*unstructured.Unstructured, error) {
	client, err := c.resource(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r, err)
	}
	found, err := client.Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r, err)
	}
	return found, nil
}

type applyOptions struct{ force, dryRun bool }

func (c *Client) apply(ctx context.Context, o *unstructured.Unstructured, how applyOptions) (*unstructured.Unstructured, error) {
	client, err := c.resource(ReferenceTo(o))
	if err != nil {
		return nil, err
	}
	options := metav1.ApplyOptions{FieldManager: Manager, Force: how.force}
	if how.dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return client.Apply(ctx, o.GetName(), o, options)
}

// delete deletes an object that this program has applied, and returns the change:
// none if the object does not exist.
func (c *Client) delete(ctx context.Context, r Reference, propagation metav1.DeletionPropagation) (Change, error) {
	live, err := c.get(ctx, r)
	if err != nil || live == nil {
		return "", err
	}
	if !applied(live) {
		return NotOurs, nil
	}
	client, err := c.resource(r)
	if err != nil {
		return "", fmt.Errorf("delete %s: %w", r, err)
	}
	uid := live.GetUID()
	err = client.Delete(ctx, r.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &propagation,
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return "", fmt.Errorf("delete %s: %w", r, err)
	}
	return Deleted, nil
}

// applied reports whether this program has applied the object.
func applied(o *unstructured.Unstructured) bool {
	return slices.ContainsFunc(o.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == Manager && entry.Operation == metav1.ManagedFieldsOperationApply
	})
}

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
	"sigs.k8s.io/yaml"
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

// content returns the fields of an object that clients have set, as YAML, without
// the fields of the API server.
func content(o *unstructured.Unstructured) string {
	if o == nil {
		return ""
	}
	o = o.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	// Set by the Deployment controller.
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "deployment.kubernetes.io/revision")
	if len(o.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	}
	text, err := yaml.Marshal(o.Object)
	if err != nil {
		return err.Error() // cannot happen: the object was decoded from JSON
	}
	return string(text)
}

// resolveKinds checks that the cluster knows all kinds, such as ServiceMonitor.
func (c *Client) resolveKinds(objects []*unstructured.Unstructured) error {
	refused := &Rejections{}
	for _, o := range objects {
		_, err := c.resource(ReferenceTo(o))
		switch {
		case meta.IsNoMatchError(err):
			refused.add(ReferenceTo(o), err)
		case err != nil:
			return fmt.Errorf("discover the resource types of the cluster: %w", err)
		}
	}
	return refused.orNil()
}

// lacksRole reports whether a binding may be rejected only because its role does not
// exist yet.
func lacksRole(o *unstructured.Unstructured, err error) bool {
	isBinding := o.GetKind() == "RoleBinding" || o.GetKind() == "ClusterRoleBinding"
	return isBinding && (apierrors.IsNotFound(err) || apierrors.IsForbidden(err))
}

package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
)

const fieldManager = "batch-job-controller-e2e"

// apply applies the objects, namespaces first, and then custom resource definitions, whose
// kinds it waits for.
func (c *Cluster) apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	ordered := slices.Clone(objects)
	slices.SortStableFunc(ordered, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	others := slices.IndexFunc(ordered, func(o *unstructured.Unstructured) bool { return rank(o) > definitionRank })
	if others < 0 {
		others = len(ordered)
	}
	if err := c.define(ctx, ordered[:others]); err != nil {
		return err
	}
	return c.applyAll(ctx, ordered[others:])
}

// define applies namespaces and definitions. Each definition is applied once, however many
// tests deploy at the same time: the API server validates it with all its rules and builds its
// OpenAPI document each time, which takes seconds of a busy machine.
func (c *Cluster) define(ctx context.Context, objects []*unstructured.Unstructured) error {
	c.defining.Lock()
	defer c.defining.Unlock()
	for _, object := range objects {
		known := slices.ContainsFunc(c.definitions, func(d *unstructured.Unstructured) bool { return equality.Semantic.DeepEqual(d, object) })
		if known {
			continue
		}
		if err := c.applyAll(ctx, []*unstructured.Unstructured{object}); err != nil {
			return err
		}
		if !isDefinition(object) {
			continue
		}
		if err := c.established(ctx, object); err != nil {
			return err
		}
		c.definitions = append(c.definitions, object.DeepCopy())
	}
	return nil
}

func (c *Cluster) applyAll(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		client, err := c.clientFor(object)
		if err == nil {
			_, err = client.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
		}
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

const definitionRank = 1

func rank(object *unstructured.Unstructured) int {
	switch {
	case object.GetKind() == "Namespace":
		return 0
	case isDefinition(object):
		return definitionRank
	}
	return definitionRank + 1
}

func isDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition"
}

// established waits until the API server serves the kind of a definition.
func (c *Cluster) established(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.clientFor(object)
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		live, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return isEstablished(live), nil
	})
	if err != nil {
		return fmt.Errorf("wait until %s is established: %w", object.GetName(), err)
	}
	return nil
}

// isEstablished reports whether the API server serves the kind of a definition. The conditions
// of a new one are null, which unstructured.NestedSlice takes for an error.
func isEstablished(definition *unstructured.Unstructured) bool {
	status, _ := definition.Object["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	return slices.ContainsFunc(conditions, func(condition any) bool {
		c, ok := condition.(map[string]any)
		return ok && c["type"] == "Established" && c["status"] == "True"
	})
}

// delete deletes the objects in reverse order, but not the definitions, which other
// installations use. A missing object is not an error.
func (c *Cluster) delete(ctx context.Context, objects []*unstructured.Unstructured) error {
	background := metav1.DeletePropagationBackground
	var errs []error
	for _, object := range slices.Backward(objects) {
		if isDefinition(object) {
			continue
		}
		client, err := c.clientFor(object)
		if err == nil {
			err = client.Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
		}
		if err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("delete %s %s: %w", object.GetKind(), object.GetName(), err))
		}
	}
	return errors.Join(errs...)
}

func (c *Cluster) clientFor(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
}

package steer

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
)

// object is what all kinds have.
type object interface {
	runtime.Object
	metav1.Object
}

// change is a change of an object's spec, as people ask for it.
type change[T object] struct {
	done     string // what was done, such as paused
	before   string // what is so if it was done before, such as already paused
	spec     map[string]any
	already  func(T) bool  // it was asked for before
	refused  func(T) error // its state does not allow it; nil: it always does
	resource string        // its resource, with the group
}

// make changes the object that get returns. It patches rather than updates it: the
// controller writes the status of an open execution all the time, and each of its writes
// would be a conflict. The UID in the patch protects another object of the same name.
//
// An invalid patch is tried once more with the object as it is then: it may have been
// replaced, or canceled by another user.
func (c change[T]) make(ctx context.Context, get func(context.Context) (T, error), patch patcher[T]) (changed T, done string, err error) {
	changed, done, err = c.try(ctx, get, patch)
	if apierrors.IsInvalid(err) {
		return c.try(ctx, get, patch)
	}
	return changed, done, err
}

func (c change[T]) try(ctx context.Context, get func(context.Context) (T, error), patch patcher[T]) (changed T, done string, err error) {
	o, err := get(ctx)
	if err != nil {
		return o, "", err
	}
	if c.already(o) {
		return o, c.before, nil
	}
	if c.refused != nil {
		if err := c.refused(o); err != nil {
			return o, "", cli.Conflict(err)
		}
	}
	changed, err = patch(ctx, o.GetName(), c.patchOf(o))
	return changed, c.done, resources.Explain(err, resources.Request{Verb: "patch", Resource: c.resource, Namespace: o.GetNamespace(), Name: o.GetName()})
}

// patcher sends a merge patch.
type patcher[T object] func(ctx context.Context, name string, patch map[string]any) (T, error)

func patcherOf[T object, L runtime.Object](of client.Resource[T, L]) patcher[T] {
	return func(ctx context.Context, name string, patch map[string]any) (none T, err error) {
		data, err := json.Marshal(patch)
		if err != nil {
			return none, fmt.Errorf("encode the patch: %w", err)
		}
		return of.Patch(ctx, name, types.MergePatchType, data, metav1.PatchOptions{FieldManager: objects.Manager})
	}
}

func (c change[T]) patchOf(o T) map[string]any {
	patch := map[string]any{"spec": c.spec}
	if uid := o.GetUID(); uid != "" {
		patch["metadata"] = map[string]any{"uid": uid}
	}
	return patch
}

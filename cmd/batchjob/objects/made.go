package objects

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The custom resources.
const (
	group            = "batch-job-controller.io"
	version          = group + "/v1alpha1"
	executionKind    = "Execution"
	nodeCronJobKind  = "NodeCronJob"
	sourceAnnotation = group + "/source" // of a NodeCronJob that a controller writes
)

// The controller's objects. Its Jobs, token Secrets and plan parts are also owned by the
// Executions.
const (
	madeByController = "app.kubernetes.io/name=batch-job-controller,app.kubernetes.io/managed-by=batch-job-controller"
	ownerLabel       = group + "/owner"
	leaseSuffix      = "-leader"
)

// isMirror reports whether a controller writes a NodeCronJob, from its ConfigMap.
func isMirror(o *unstructured.Unstructured) bool {
	return strings.HasPrefix(o.GetAnnotations()[sourceAnnotation], "ConfigMap/")
}

// deleteMade deletes the Executions, the state, the keys and the Jobs, and the Lease, which
// has no labels.
func (u *Uninstaller) deleteMade(ctx context.Context) error {
	owners := map[string]bool{}
	var errs []error
	errs = append(errs, u.deleteMirrors(ctx))
	for _, kind := range []struct {
		Reference
		selector string
	}{
		// Users create Executions, too. Without a controller they do not end.
		{Reference{APIVersion: version, Kind: executionKind, Namespace: u.Namespace}, ownerLabel},
		{Reference{APIVersion: "batch/v1", Kind: "Job", Namespace: u.Namespace}, madeByController},
		{Reference{APIVersion: "v1", Kind: "ConfigMap", Namespace: u.Namespace}, madeByController},
		{Reference{APIVersion: "v1", Kind: "Secret", Namespace: u.Namespace}, madeByController},
	} {
		list, err := u.list(ctx, kind.Reference, kind.selector)
		if meta.IsNoMatchError(err) {
			continue // the custom resources were never there, or are gone
		}
		errs = append(errs, err)
		for i := range list {
			owners[list[i].GetLabels()[ownerLabel]] = true
		}
		if len(list) > 0 {
			errs = append(errs, u.deleteAll(ctx, kind.Reference, kind.selector))
			u.ReportMade(kind.Reference, len(list))
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(owners)) {
		lease := Reference{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: u.Namespace, Name: owner + leaseSuffix}
		errs = append(errs, u.deleteLease(ctx, lease))
	}
	return errors.Join(errs...)
}

// deleteMirrors deletes the NodeCronJobs that the controller has written from its ConfigMap.
func (u *Uninstaller) deleteMirrors(ctx context.Context) error {
	kind := Reference{APIVersion: version, Kind: nodeCronJobKind, Namespace: u.Namespace}
	client, err := u.resource(kind)
	if meta.IsNoMatchError(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", kind.Resource(), err)
	}
	list, err := u.list(ctx, kind, "")
	if err != nil {
		return err
	}
	deleted := 0
	for i := range list {
		if !isMirror(&list[i]) {
			continue
		}
		uid, background := list[i].GetUID(), metav1.DeletePropagationBackground
		err := client.Delete(ctx, list[i].GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}, PropagationPolicy: &background})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete %s: %w", ReferenceTo(&list[i]), err)
		}
		deleted++
	}
	if deleted > 0 {
		u.ReportMade(kind, deleted)
	}
	return nil
}

func (u *Uninstaller) deleteAll(ctx context.Context, kind Reference, selector string) error {
	client, err := u.resource(kind)
	if err != nil {
		return fmt.Errorf("delete %s: %w", kind.Resource(), err)
	}
	background := metav1.DeletePropagationBackground
	err = client.DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("delete the controller's objects, %s: %w", kind.Resource(), err)
	}
	return nil
}

func (u *Uninstaller) deleteLease(ctx context.Context, r Reference) error {
	client, err := u.resource(r)
	if err != nil {
		return fmt.Errorf("delete %s: %w", r, err)
	}
	err = client.Delete(ctx, r.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", r, err)
	}
	u.Report(r, Deleted)
	return nil
}

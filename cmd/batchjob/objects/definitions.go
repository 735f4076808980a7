package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// establishTimeout is how long the API server may take to serve the kinds of a new
// definition. It takes a second, and longer while it is overloaded.
const establishTimeout = time.Minute

// revisionAnnotation of a custom resource definition is a number that grows with each change
// of it. `make generate` writes it.
const revisionAnnotation = group + "/revision"

// isNewer reports whether the definition in the cluster is one of a later version. An older
// one in its place would make the API server drop fields that others use.
func isNewer(live, wanted *unstructured.Unstructured) bool {
	return live != nil && revisionOf(live) > revisionOf(wanted)
}

// revisionOf returns the revision of a definition, or 0 if it has none.
func revisionOf(definition *unstructured.Unstructured) int {
	n, err := strconv.Atoi(definition.GetAnnotations()[revisionAnnotation])
	if err != nil {
		return 0 // a client has changed it: it is written again
	}
	return n
}

// The parts of the status of a custom resource definition.
type definitionStatus struct {
	established bool
	rejected    string // why its names cannot be used; empty: they can
}

func statusOf(definition *unstructured.Unstructured) (s definitionStatus) {
	conditions, _, err := unstructured.NestedSlice(definition.Object, "status", "conditions")
	if err != nil {
		return s // the API server writes no other
	}
	for _, c := range conditions {
		c, ok := c.(map[string]any)
		if !ok {
			continue
		}
		switch {
		case c["type"] == "Established":
			s.established = c["status"] == string(metav1.ConditionTrue)
		case c["type"] == "NamesAccepted" && c["status"] == string(metav1.ConditionFalse):
			s.rejected = fmt.Sprintf("%v: %v", c["reason"], c["message"])
		}
	}
	return s
}

// awaitEstablished waits until the API server serves the kinds of the definitions among some
// objects: until then, it knows no role's resource and no controller's kind.
func (i *Installer) awaitEstablished(ctx context.Context, among []Reference) error {
	ctx, cancel := context.WithTimeoutCause(ctx, establishTimeout, fmt.Errorf("timed out after %s", establishTimeout))
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for _, r := range among {
		for r.isShared() {
			live, err := i.get(ctx, r)
			switch {
			case err != nil && ctx.Err() != nil:
				return fmt.Errorf("wait until the API server serves %s: %w", r, context.Cause(ctx))
			case err != nil:
				return err
			case live == nil:
				return fmt.Errorf("%s: another client has deleted it", r)
			}
			status := statusOf(live)
			if status.rejected != "" {
				return fmt.Errorf("%s: the API server cannot serve its kind: %s", r, status.rejected)
			}
			if status.established {
				break
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return fmt.Errorf("wait until the API server serves %s: %w", r, context.Cause(ctx))
			}
		}
	}
	return nil
}

// definitions returns the custom resource definitions.
func definitions() (all []Reference) {
	for _, plural := range []string{"executions", "nodecronjobs"} {
		all = append(all, Reference{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: plural + "." + group})
	}
	return all
}

// Definitions returns the custom resource definitions that exist.
func (u *Uninstaller) Definitions(ctx context.Context) (there []Reference, err error) {
	for _, r := range definitions() {
		live, err := u.get(ctx, r)
		if meta.IsNoMatchError(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if live != nil && live.GetDeletionTimestamp() == nil {
			there = append(there, r)
		}
	}
	return there, nil
}

// Users returns what uses the custom resource definitions, in all namespaces: controllers,
// NodeCronJobs and Executions. What an uninstallation deletes does not count.
func (u *Uninstaller) Users(ctx context.Context) ([]string, error) {
	inventory, err := u.ReadInventory(ctx, u.Namespace)
	if err != nil {
		return nil, err
	}
	controllers, errControllers := u.others(ctx, Reference{APIVersion: "apps/v1", Kind: "Deployment"}, controllerSelector, func(o *unstructured.Unstructured) bool {
		return inventory != nil && slices.ContainsFunc(inventory.Objects, ReferenceTo(o).sameAs)
	})
	nodeCronJobs, errNodeCronJobs := u.others(ctx, Reference{APIVersion: version, Kind: nodeCronJobKind}, "", func(o *unstructured.Unstructured) bool {
		return inventory != nil && o.GetNamespace() == u.Namespace && isMirror(o)
	})
	executions, errExecutions := u.others(ctx, Reference{APIVersion: version, Kind: executionKind}, "", func(o *unstructured.Unstructured) bool {
		return inventory != nil && o.GetNamespace() == u.Namespace && o.GetLabels()[ownerLabel] != ""
	})
	if err := errors.Join(errControllers, errNodeCronJobs, errExecutions); err != nil {
		return nil, err
	}
	return slices.Concat(named("controller", controllers), named("nodecronjob", nodeCronJobs), counted("execution", executions)), nil
}

// others lists the objects of a kind in all namespaces that are not deleted, and are not
// this installation's.
func (u *Uninstaller) others(ctx context.Context, kind Reference, selector string, own func(*unstructured.Unstructured) bool) (found []unstructured.Unstructured, err error) {
	list, err := u.list(ctx, kind, selector)
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	return slices.DeleteFunc(list, func(o unstructured.Unstructured) bool { return o.GetDeletionTimestamp() != nil || own(&o) }), err
}

// named names objects.
func named(kind string, objects []unstructured.Unstructured) (all []string) {
	for i := range objects {
		all = append(all, fmt.Sprintf("%s %s/%s", kind, objects[i].GetNamespace(), objects[i].GetName()))
	}
	slices.Sort(all)
	return all
}

// counted counts objects by namespace.
func counted(kind string, objects []unstructured.Unstructured) (all []string) {
	counts := map[string]int{}
	for i := range objects {
		counts[objects[i].GetNamespace()]++
	}
	for namespace, n := range counts {
		if n == 1 {
			all = append(all, fmt.Sprintf("1 %s in namespace %s", kind, namespace))
		} else {
			all = append(all, fmt.Sprintf("%d %ss in namespace %s", n, kind, namespace))
		}
	}
	slices.Sort(all)
	return all
}

// DeleteDefinitions deletes the custom resource definitions that this program has applied,
// and waits until the API server has deleted the objects of their kinds.
func (u *Uninstaller) DeleteDefinitions(ctx context.Context) error {
	for _, r := range definitions() {
		change, err := u.delete(ctx, r, metav1.DeletePropagationBackground)
		if err == nil && change == Deleted {
			err = u.waitGone(ctx, r)
		}
		if err != nil {
			return err
		}
		if change != "" {
			u.Report(r, change)
		}
	}
	return nil
}

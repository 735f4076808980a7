package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ErrNotInstalled says that there is no inventory.
var ErrNotInstalled = errors.New("nothing is installed there")

// Uninstaller deletes what was installed in a namespace, and the controller's
// objects there.
type Uninstaller struct {
	*Client
	Namespace     string
	DeleteReports bool // delete PersistentVolumeClaims too
	Report        func(Reference, Change)
	ReportMade    func(kind Reference, count int) // called for the controller's objects
}

// controllerSelector matches controllers, however they were installed.
const controllerSelector = "app.kubernetes.io/name=batch-job-controller"

// pollInterval is how often to check whether an object is gone.
const pollInterval = 500 * time.Millisecond

// Uninstall returns an error that wraps ErrNotInstalled if there is neither an
// inventory nor a claim to delete.
func (u *Uninstaller) Uninstall(ctx context.Context) error {
	inventory, err := u.ReadInventory(ctx, u.Namespace)
	if err != nil {
		return err
	}
	if inventory == nil {
		return u.reportsOnly(ctx)
	}
	// The controller ends before its objects are deleted, or it would recreate them.
	if err := u.deleteController(ctx, inventory.Objects); err != nil {
		return err
	}
	if err := u.deleteMade(ctx); err != nil {
		return err
	}
	if err := u.deleteInstalled(ctx, inventory.Objects); err != nil {
		return err
	}
	if err := u.reports(ctx); err != nil {
		return err
	}
	_, err = u.delete(ctx, inventoryReference(u.Namespace), metav1.DeletePropagationBackground)
	return err
}

// reportsOnly deletes the claims that an earlier uninstall has kept.
func (u *Uninstaller) reportsOnly(ctx context.Context) error {
	claims, err := u.claims(ctx)
	if err != nil {
		return err
	}
	if err := u.reports(ctx); err != nil || (len(claims) > 0 && u.DeleteReports) {
		return err
	}
	return fmt.Errorf("namespace %s: %w", u.Namespace, ErrNotInstalled)
}

func (u *Uninstaller) deleteController(ctx context.Context, installed []Reference) error {
	for _, r := range installed {
		if r.Kind != "Deployment" {
			continue
		}
		change, err := u.delete(ctx, r, metav1.DeletePropagationForeground)
		if err != nil {
			return err
		}
		if change == Deleted {
			err = u.waitGone(ctx, r) // with its pods
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

func (u *Uninstaller) waitGone(ctx context.Context, r Reference) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		live, err := u.get(ctx, r)
		if err != nil || live == nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait until %s and what depends on it are gone: %w", r, context.Cause(ctx))
		}
	}
}

func (u *Uninstaller) deleteInstalled(ctx context.Context, installed []Reference) error {
	var errs []error
	for _, r := range slices.Backward(installed) {
		if r.isReports() || r.isShared() || r.Kind == "Namespace" {
			continue
		}
		change, err := u.delete(ctx, r, metav1.DeletePropagationBackground)
		errs = append(errs, err)
		if change != "" {
			u.Report(r, change)
		}
	}
	return errors.Join(errs...)
}

// reports deletes or keeps the claims, including those of earlier installations.
func (u *Uninstaller) reports(ctx context.Context) error {
	claims, err := u.claims(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range claims {
		change := Kept
		if u.DeleteReports {
			change, err = u.delete(ctx, r, metav1.DeletePropagationBackground)
			errs = append(errs, err)
		}
		if change != "" {
			u.Report(r, change)
		}
	}
	return errors.Join(errs...)
}

func (u *Uninstaller) claims(ctx context.Context) ([]Reference, error) {
	kind := Reference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: u.Namespace}
	list, err := u.list(ctx, kind, "app.kubernetes.io/name=batch-job-controller")
	var claims []Reference
	for i := range list {
		if applied(&list[i]) {
			claims = append(claims, ReferenceTo(&list[i]))
		}
	}
	return claims, err
}

func (c *Client) list(ctx context.Context, kind Reference, selector string) ([]unstructured.Unstructured, error) {
	client, err := c.resource(kind)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", kind.Resource(), err)
	}
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list %s in %s: %w", kind.Resource(), cmp.Or(kind.Namespace, "all namespaces"), err)
	}
	return list.Items, nil
}

// NamespaceMade reports whether the namespace exists and this program created it.
func (u *Uninstaller) NamespaceMade(ctx context.Context) (bool, error) {
	live, err := u.get(ctx, Reference{APIVersion: "v1", Kind: "Namespace", Name: u.Namespace})
	return live != nil && applied(live), err
}

// DeleteNamespace deletes the namespace if this program created it, and reports
// whether it did.
func (u *Uninstaller) DeleteNamespace(ctx context.Context) (ours bool, err error) {
	r := Reference{APIVersion: "v1", Kind: "Namespace", Name: u.Namespace}
	change, err := u.delete(ctx, r, metav1.DeletePropagationBackground)
	if change == Deleted {
		u.Report(r, change)
	}
	return change == Deleted, err
}

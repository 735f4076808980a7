package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Installer applies the objects of an installation.
type Installer struct {
	*Client
	Force  bool // take ownership of fields that other field managers own
	Report func(Reference, Change)
}

// Install applies the objects, and deletes the objects of an earlier installation
// that are not among them. If the API server rejects any of them, only the namespace
// is written, and the error is of type *Rejections.
func (i *Installer) Install(ctx context.Context, what Inventory, objects []*unstructured.Unstructured) error {
	if err := i.resolveKinds(objects); err != nil {
		return err
	}
	objects, err := i.ensureNamespace(ctx, what.Namespace, objects)
	if err != nil {
		return err
	}
	for _, o := range objects {
		what.Objects = append(what.Objects, ReferenceTo(o))
	}
	if objects, err = i.withoutCurrent(ctx, objects); err != nil {
		return err
	}
	if err := i.dryRun(ctx, objects); err != nil {
		return err
	}
	old, err := i.ReadInventory(ctx, what.Namespace)
	if err != nil {
		return err
	}
	if old != nil {
		// The inventory is written first: if this program dies, it lists every
		// object.
		both := what
		both.Objects = slices.Concat(without(old.Objects, what.Objects), what.Objects)
		err = i.writeInventory(ctx, both)
	} else {
		err = i.writeInventory(ctx, what)
	}
	if err != nil {
		return err
	}
	if err := i.applyAll(ctx, objects, what.Objects); err != nil || old == nil {
		return err
	}
	if err := i.prune(ctx, without(old.Objects, what.Objects)); err != nil {
		return err
	}
	return i.writeInventory(ctx, what)
}

// ensureNamespace applies the namespace and returns the other objects. It does not
// change a foreign namespace.
func (i *Installer) ensureNamespace(ctx context.Context, name string, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	var others []*unstructured.Unstructured
	for _, o := range objects {
		if o.GetKind() == "Namespace" {
			namespace = o
		} else {
			others = append(others, o)
		}
	}
	live, err := i.get(ctx, ReferenceTo(namespace))
	switch {
	case apierrors.IsForbidden(err):
		return others, nil // a user who may not read namespaces has been given one
	case err != nil:
		return nil, err
	case live != nil && live.GetDeletionTimestamp() != nil:
		return nil, fmt.Errorf("namespace %s is being deleted: retry when it is gone", name)
	case live != nil && !applied(live):
		return others, nil
	}
	return others, i.applyOne(ctx, namespace, live)
}

// NamespaceLabels returns the labels of a namespace, and whether this program
// created it or will.
func (c *Client) NamespaceLabels(ctx context.Context, name string) (labels map[string]string, ours bool, err error) {
	live, err := c.get(ctx, Reference{APIVersion: "v1", Kind: "Namespace", Name: name})
	switch {
	case apierrors.IsForbidden(err):
		return nil, false, nil // a user who may not read namespaces has been given one
	case err != nil || live == nil:
		return nil, true, err
	default:
		return live.GetLabels(), applied(live), nil
	}
}

// withoutCurrent returns the objects without the shared ones that are in the cluster as they
// are wanted, or newer. Those are not applied: a user who may not write them can still install,
// and each write of a custom resource definition makes the API server build its OpenAPI
// document again.
func (i *Installer) withoutCurrent(ctx context.Context, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var others []*unstructured.Unstructured
	for _, o := range objects {
		if r := ReferenceTo(o); r.isShared() {
			live, err := i.get(ctx, r)
			if err != nil {
				return nil, err
			}
			switch {
			case isNewer(live, o):
				i.Report(r, KeptNewer)
				continue
			case isCurrent(live, o):
				i.Report(r, Unchanged)
				continue
			}
		}
		others = append(others, o)
	}
	return others, nil
}

// isCurrent reports whether an object is in the cluster as it is wanted.
func isCurrent(live, wanted *unstructured.Unstructured) bool {
	return live != nil && contains(live.Object, wanted.Object)
}

// dryRun checks whether the API server would accept each object.
func (i *Installer) dryRun(ctx context.Context, objects []*unstructured.Unstructured) error {
	refused := &Rejections{}
	for _, o := range objects {
		_, err := i.apply(ctx, o, applyOptions{force: i.Force, dryRun: true})
		if err != nil && !lacksRole(o, err) {
			refused.add(ReferenceTo(o), err)
		}
	}
	return refused.orNil()
}

// applyAll applies objects: the custom resource definitions first, and the others when the
// API server serves those of all.
func (i *Installer) applyAll(ctx context.Context, objects []*unstructured.Unstructured, all []Reference) error {
	isOther := func(o *unstructured.Unstructured) bool { return !ReferenceTo(o).isShared() }
	isDefinition := func(o *unstructured.Unstructured) bool { return !isOther(o) }
	if err := i.applyEach(ctx, slices.DeleteFunc(slices.Clone(objects), isOther)); err != nil {
		return err
	}
	if err := i.awaitEstablished(ctx, all); err != nil {
		return err
	}
	return i.applyEach(ctx, slices.DeleteFunc(slices.Clone(objects), isDefinition))
}

func (i *Installer) applyEach(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		live, err := i.get(ctx, ReferenceTo(o))
		if err != nil {
			return err
		}
		if err := i.applyOne(ctx, o, live); err != nil {
			return err
		}
	}
	return nil
}

func (i *Installer) applyOne(ctx context.Context, o, live *unstructured.Unstructured) error {
	now, err := i.apply(ctx, o, applyOptions{force: i.Force})
	if err != nil {
		refused := &Rejections{}
		refused.add(ReferenceTo(o), err)
		return refused
	}
	i.Report(ReferenceTo(o), changeOf(live, now))
	return nil
}

func changeOf(before, after *unstructured.Unstructured) Change {
	switch {
	case before == nil:
		return Created
	case content(before) == content(after):
		return Unchanged
	default:
		return Configured
	}
}

func (i *Installer) prune(ctx context.Context, gone []Reference) error {
	var errs []error
	for _, r := range slices.Backward(gone) {
		if r.isReports() {
			i.Report(r, Kept)
			continue
		}
		if r.isShared() {
			i.Report(r, KeptShared)
			continue
		}
		change, err := i.delete(ctx, r, metav1.DeletePropagationBackground)
		if err != nil {
			errs = append(errs, fmt.Errorf("delete an object that is no longer needed: %w", err))
		} else if change != "" {
			i.Report(r, change)
		}
	}
	return errors.Join(errs...)
}

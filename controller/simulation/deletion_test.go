package simulation

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Delete deletes an object, if it is the one that the request names.
func (c client[P]) Delete(ctx context.Context, name string, o metav1.DeleteOptions) error {
	return c.do(ctx, request{verb: "delete", kind: c.kind, name: name, write: true}, func() error {
		current, err := c.world.api.read(c.kind, name)
		if err != nil {
			return err
		}
		if p := o.Preconditions; p != nil && p.UID != nil && *p.UID != current.GetUID() {
			return apierrors.NewConflict(resource(c.kind), name, errReset)
		}
		if p := o.Preconditions; p != nil && p.ResourceVersion != nil && *p.ResourceVersion != current.GetResourceVersion() {
			return apierrors.NewConflict(resource(c.kind), name, errReset)
		}
		c.world.delete(c.kind, name, o.PropagationPolicy)
		return nil
	})
}

// DeleteCollection deletes the objects that both selectors match.
func (c client[P]) DeleteCollection(ctx context.Context, _ metav1.DeleteOptions, o metav1.ListOptions) error {
	selected, err := newSelection(o)
	if err != nil {
		return err
	}
	name, _ := selected.fields.RequiresExactMatch(metav1.ObjectNameField) // empty: the request is for many
	return c.do(ctx, request{verb: "deletecollection", kind: c.kind, name: name, write: true}, func() error {
		for _, current := range c.world.api.tables[c.kind].list(c.world.api.version, selected) {
			c.world.remove(c.kind, current.GetName())
		}
		return nil
	})
}

package definitions

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// taking is an attempt to make this controller the owner of a NodeCronJob.
type taking struct {
	version string // of the object; it is not tried again with the same one, unless that is due
	paced
}

// adopt makes this controller the owner of each NodeCronJob without one. Several controllers
// may share a namespace: the first to write its label has it, and an update with an old
// resourceVersion is a conflict. It returns when the next attempt is due.
func (t *term) adopt(ctx context.Context) (next time.Time) {
	free := map[string]bool{}
	for _, n := range t.Cache.All() {
		if _, owned := n.Labels[jobspec.OwnerLabel]; owned || n.DeletionTimestamp != nil || ctx.Err() != nil {
			continue
		}
		free[n.Name] = true
		at := t.adopting[n.Name]
		if at == nil {
			at = &taking{}
			t.adopting[n.Name] = at
		}
		if now := t.Clock.Now(); at.version != n.ResourceVersion || (!at.due.IsZero() && !now.Before(at.due)) {
			at.version, at.due = n.ResourceVersion, time.Time{}
			if err := t.own(ctx, n); err != nil {
				t.Log.Error("a NodeCronJob without an owner could not be taken, trying again", "nodeCronJob", n.Name, "error", err)
			}
			at.failed(t.Clock.Now(), t.Jitter) // unless the cache shows an owner by then: a conflict does not say that there is one
		}
		next = timing.Earliest(next, at.due)
	}
	for name := range t.adopting {
		if !free[name] {
			delete(t.adopting, name)
		}
	}
	return next
}

// own writes the label. If the object has changed or is gone, the cache will show it.
func (t *term) own(ctx context.Context, n *v1alpha1.NodeCronJob) error {
	write, done, err := t.fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	ours := n.DeepCopy()
	if ours.Labels == nil {
		ours.Labels = map[string]string{}
	}
	ours.Labels[jobspec.OwnerLabel] = t.Controller
	switch _, err := t.Client.V1alpha1().NodeCronJobs(n.Namespace).Update(write, ours, metav1.UpdateOptions{}); {
	case err == nil:
		t.Log.Info("NodeCronJob taken", "nodeCronJob", n.Name)
		return nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return nil
	default:
		return fmt.Errorf("label NodeCronJob %s: %w", n.Name, err)
	}
}

package mirror

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// write decides by what the API server has, as the cache may be behind, and does what was
// decided. It returns that also if it failed.
func (t *term) write(ctx context.Context, w Wanted) (Decision, error) {
	write, done, err := t.fence(ctx)
	if err != nil {
		return Decision{}, err
	}
	defer done()
	all := t.Client.V1alpha1().NodeCronJobs(t.Namespace)
	d, err := decideNow(write, all, w, t.Executions.IsOpen(w.Name))
	if err != nil {
		return d, err
	}
	return d, do(write, all, w, d, nil)
}

// DryRun asks the API server whether it would accept the NodeCronJob of a definition. It
// writes nothing. The error of the API server is wrapped: plan.ClassifyError says what it is
// about.
func DryRun(ctx context.Context, c kube.Client, namespace string, w Wanted) error {
	if w.Spec == nil {
		return nil
	}
	all := c.V1alpha1().NodeCronJobs(namespace)
	d, err := decideNow(ctx, all, w, true)
	if err != nil {
		return err
	}
	return do(ctx, all, w, d, []string{metav1.DryRunAll})
}

func decideNow(ctx context.Context, all client.NodeCronJobInterface, w Wanted, open bool) (Decision, error) {
	found, err := all.Get(ctx, w.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		found = nil
	case err != nil:
		return Decision{}, fmt.Errorf("read NodeCronJob %s: %w", w.Name, err)
	}
	return Decide(w, found, open), nil
}

// alteredError says that the API server stores something else than what was sent: its custom
// resource definition lacks a field, or a webhook changes it. Writing it again does not help.
type alteredError struct{ paths []string }

func (e *alteredError) Error() string {
	return fmt.Sprintf("the API server changes %s: apply the custom resource definitions of this version, kustomize/crds, or have no webhook change the NodeCronJob", strings.Join(e.paths, ", "))
}

// do does what was decided, about the version of the object that was read.
func do(ctx context.Context, all client.NodeCronJobInterface, w Wanted, d Decision, dryRun []string) (err error) {
	var written *v1alpha1.NodeCronJob
	switch d.Do {
	case Create:
		written, err = all.Create(ctx, d.Object, metav1.CreateOptions{DryRun: dryRun})
	case Update, Restore, Suspend:
		written, err = all.Update(ctx, d.Object, metav1.UpdateOptions{DryRun: dryRun})
	case Delete:
		background := metav1.DeletePropagationBackground
		err = all.Delete(ctx, d.Object.Name, metav1.DeleteOptions{
			Preconditions:     &metav1.Preconditions{UID: &d.Object.UID, ResourceVersion: &d.Object.ResourceVersion},
			PropagationPolicy: &background, DryRun: dryRun,
		})
	case Nothing, NameTaken:
	}
	if err != nil {
		return fmt.Errorf("%s NodeCronJob %s: %w", d.Do, d.Object.Name, err)
	}
	if written == nil {
		return nil
	}
	if left := Decide(w, written, true); left.Do == Update || left.Do == Restore {
		return &alteredError{left.Paths}
	}
	return nil
}

// raced reports whether a write failed because the object is no longer as it was read.
func raced(d Decision, err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || (apierrors.IsNotFound(err) && d.Do != Create)
}

package record

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// MayTake reports whether an Execution belongs to no other controller: a person creates one
// without saying to which it belongs.
func (s Store) MayTake(e *v1alpha1.Execution) bool {
	owner := e.Labels[jobspec.OwnerLabel]
	return owner == "" || owner == s.controller
}

// IsTaken reports whether an Execution has the labels of this controller.
func (s Store) IsTaken(e *v1alpha1.Execution) bool {
	return e.Labels[jobspec.OwnerLabel] == s.controller && e.Labels[jobspec.NodeCronJobLabel] == e.Spec.NodeCronJobName
}

// Take labels an Execution that a person created, so that this controller finds it with its
// own. It returns a Conflict error if another client has changed it since it was read.
func (s Store) Take(ctx context.Context, e *v1alpha1.Execution) (*v1alpha1.Execution, error) {
	object := e.DeepCopy()
	if object.Labels == nil {
		object.Labels = map[string]string{}
	}
	object.Labels[jobspec.OwnerLabel], object.Labels[jobspec.NodeCronJobLabel] = s.controller, e.Spec.NodeCronJobName
	written, err := s.executions.Update(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("label execution record %s: %w", e.Name, err)
	}
	return written, nil
}

// Stop cancels an execution that is open, and has its pods stopped: another one replaces it.
// It returns a Conflict error if another client has changed it since it was read.
func (s Store) Stop(ctx context.Context, e *v1alpha1.Execution) error {
	object := e.DeepCopy()
	object.Spec.Cancel = v1alpha1.CancelStop
	if _, err := s.executions.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("cancel execution record %s: %w", e.Name, err)
	}
	return nil
}

// Touch changes an Execution without effect, so that each write of a client that has read it
// before is a conflict. It returns a Conflict error as well, if another client has changed
// it since it was read.
func (s Store) Touch(ctx context.Context, e *v1alpha1.Execution) error {
	object := e.DeepCopy()
	if object.Annotations == nil {
		object.Annotations = map[string]string{}
	}
	object.Annotations[jobspec.TouchAnnotation] = e.ResourceVersion // which is another one each time
	if _, err := s.executions.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("touch execution record %s: %w", e.Name, err)
	}
	return nil
}

package record

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// MayTake reports whether an Execution belongs to no other controller: a person creates one
// without saying to which it belongs.
func (s Store) MayTake(e *v1alpha1.Execution) bool {
	owner := e.Labels[jobspec.OwnerLabel]
	return owner == "" || owner == s.controller
}

// NodeCronJob is whose an Execution is. If it has a UID, the Execution is deleted with it.
type NodeCronJob struct {
	Name string
	UID  types.UID
}

// owners makes the NodeCronJob the owner. It does not block the owner's deletion, which would
// need a permission for finalizers.
func (n NodeCronJob) owners() []metav1.OwnerReference {
	if n.UID == "" {
		return nil
	}
	yes := true
	return []metav1.OwnerReference{{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: v1alpha1.NodeCronJobKind, Name: n.Name, UID: n.UID, Controller: &yes,
	}}
}

// ownedBy returns the NodeCronJob with which an Execution is deleted, or nothing.
func ownedBy(e *v1alpha1.Execution) types.UID {
	for _, owner := range e.OwnerReferences {
		if owner.Kind == v1alpha1.NodeCronJobKind && strings.HasPrefix(owner.APIVersion, v1alpha1.GroupVersion().Group+"/") {
			return owner.UID
		}
	}
	return ""
}

// IsTaken reports whether an Execution has the labels of this controller, and the owner.
func (s Store) IsTaken(e *v1alpha1.Execution, of NodeCronJob) bool {
	return e.Labels[jobspec.OwnerLabel] == s.controller && e.Labels[jobspec.NodeCronJobLabel] == e.Spec.NodeCronJobName &&
		(of.UID == "" || metav1.GetControllerOf(e) != nil)
}

// Take labels an Execution that a person created, so that this controller finds it with its
// own, and has it deleted with its NodeCronJob. It returns a Conflict error if another client
// has changed it since it was read.
func (s Store) Take(ctx context.Context, e *v1alpha1.Execution, of NodeCronJob) (*v1alpha1.Execution, error) {
	object := e.DeepCopy()
	if metav1.GetControllerOf(e) == nil {
		object.OwnerReferences = append(object.OwnerReferences, of.owners()...)
	}
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

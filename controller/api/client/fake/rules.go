package fake

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// PrepareCreate makes of an object what the API server stores: without status, with
// defaults, of the first generation. It returns the error with which the API server rejects
// the object.
func PrepareCreate(object runtime.Object) error {
	switch o := object.(type) {
	case *v1alpha1.NodeCronJob:
		o.Status, o.Generation = v1alpha1.NodeCronJobStatus{}, 1
		return setDefaults(v1alpha1.NodeCronJobKind, o)
	case *v1alpha1.Execution:
		o.Status, o.Generation = v1alpha1.ExecutionStatus{}, 1
		if err := setDefaults(v1alpha1.ExecutionKind, o); err != nil {
			return err
		}
		return invalid(o, checkSpec(&o.Spec, nil))
	}
	return nil
}

// PrepareUpdate makes of an object what the API server stores when the object replaces the
// stored one: the status stays, and another spec has the next generation. It returns the
// error with which the API server rejects the object.
func PrepareUpdate(object, stored runtime.Object) error {
	switch o := object.(type) {
	case *v1alpha1.NodeCronJob:
		old := stored.(*v1alpha1.NodeCronJob)
		keep(&o.ObjectMeta, &old.ObjectMeta)
		o.Status = *old.Status.DeepCopy()
		if err := setDefaults(v1alpha1.NodeCronJobKind, o); err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(o.Spec, old.Spec) {
			o.Generation++
		}
		return unversioned(v1alpha1.NodeCronJobKind, o)
	case *v1alpha1.Execution:
		old := stored.(*v1alpha1.Execution)
		keep(&o.ObjectMeta, &old.ObjectMeta)
		o.Status = *old.Status.DeepCopy()
		if err := setDefaults(v1alpha1.ExecutionKind, o); err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(o.Spec, old.Spec) {
			o.Generation++
		}
		if err := unversioned(v1alpha1.ExecutionKind, o); err != nil {
			return err
		}
		return invalid(o, checkSpec(&o.Spec, &old.Spec))
	}
	return nil
}

// PrepareUpdateStatus makes of an object what the API server stores when the object's status
// replaces the stored one's: all else stays. It returns the error with which the API server
// rejects the status.
func PrepareUpdateStatus(object, stored runtime.Object) error {
	switch o := object.(type) {
	case *v1alpha1.NodeCronJob:
		old := stored.(*v1alpha1.NodeCronJob).DeepCopy()
		old.Status, old.ResourceVersion = o.Status, o.ResourceVersion
		*o = *old
		if err := setDefaults(v1alpha1.NodeCronJobKind, o); err != nil {
			return err
		}
		return unversioned(v1alpha1.NodeCronJobKind, o)
	case *v1alpha1.Execution:
		old := stored.(*v1alpha1.Execution).DeepCopy()
		before := old.Status
		old.Status, old.ResourceVersion = o.Status, o.ResourceVersion
		*o = *old
		if err := setDefaults(v1alpha1.ExecutionKind, o); err != nil {
			return err
		}
		if err := unversioned(v1alpha1.ExecutionKind, o); err != nil {
			return err
		}
		return invalid(o, checkStatus(&o.Status, &before))
	}
	return nil
}

// keep keeps what an update cannot change.
func keep(meta, stored *metav1.ObjectMeta) {
	meta.Generation = stored.Generation
	meta.CreationTimestamp = stored.CreationTimestamp
	meta.DeletionTimestamp = stored.DeletionTimestamp.DeepCopy()
	meta.DeletionGracePeriodSeconds = stored.DeletionGracePeriodSeconds
}

// unversioned is the error of an update that does not say which version it replaces. The
// kinds of Kubernetes permit that, custom resources do not.
func unversioned(kind string, object metav1.Object) error {
	if object.GetResourceVersion() != "" {
		return nil
	}
	return apierrors.NewInvalid(v1alpha1.GroupVersion().WithKind(kind).GroupKind(), object.GetName(), field.ErrorList{
		field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update"),
	})
}

func invalid(e *v1alpha1.Execution, problems field.ErrorList) error {
	if len(problems) == 0 {
		return nil
	}
	return apierrors.NewInvalid(v1alpha1.GroupVersion().WithKind(v1alpha1.ExecutionKind).GroupKind(), e.Name, problems)
}

// checkSpec has the rules of the definition about the spec of an Execution. old is nil when
// it is created.
func checkSpec(spec, old *v1alpha1.ExecutionSpec) (problems field.ErrorList) {
	at := field.NewPath("spec")
	if spec.Trigger != v1alpha1.ManualTrigger && spec.ScheduledTime == nil {
		problems = append(problems, field.Invalid(at.Child("scheduledTime"), nil, "scheduledTime is required unless trigger is Manual"))
	}
	if n := spec.Nodes; n != nil && set(len(n.Names) > 0)+set(n.Selector != nil)+set(n.FromExecution != nil) != 1 {
		problems = append(problems, field.Invalid(at.Child("nodes"), nil, "exactly one of names, selector and fromExecution must be set"))
	}
	if old == nil {
		return problems
	}
	for _, f := range []struct {
		name    string
		now, is any
	}{
		{"nodeCronJobName", spec.NodeCronJobName, old.NodeCronJobName},
		{"trigger", spec.Trigger, old.Trigger},
		{"scheduledTime", spec.ScheduledTime, old.ScheduledTime},
		{"reason", spec.Reason, old.Reason},
		{"requestedBy", spec.RequestedBy, old.RequestedBy},
		{"nodes", spec.Nodes, old.Nodes},
		{"overrides", spec.Overrides, old.Overrides},
	} {
		if !equality.Semantic.DeepEqual(f.now, f.is) {
			problems = append(problems, field.Invalid(at.Child(f.name), f.now, f.name+" is immutable: create another Execution"))
		}
	}
	if old.Cancel != "" && spec.Cancel != old.Cancel && spec.Cancel != v1alpha1.CancelStop {
		problems = append(problems, field.Invalid(at.Child("cancel"), spec.Cancel, "cancel cannot be taken back: it may only be set, and changed from Drain to Stop"))
	}
	return problems
}

func set(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// checkStatus has the rules of the definition about the status of an Execution.
func checkStatus(status, old *v1alpha1.ExecutionStatus) (problems field.ErrorList) {
	at := field.NewPath("status")
	for _, f := range []struct {
		name    string
		now, is any
		set     bool
	}{
		{"executionID", status.ExecutionID, old.ExecutionID, old.ExecutionID != ""},
		{"openTime", status.OpenTime, old.OpenTime, old.OpenTime != nil},
		{"plan", status.Plan, old.Plan, old.Plan != nil},
	} {
		if f.set && !equality.Semantic.DeepEqual(f.now, f.is) {
			problems = append(problems, field.Invalid(at.Child(f.name), f.now, f.name+" is immutable once set"))
		}
	}
	if old.Phase != "" && status.Phase != old.Phase && !slices.Contains(following(old.Phase), status.Phase) {
		problems = append(problems, field.Invalid(at.Child("phase"), status.Phase, "phase only goes forward: from Queued to Open, Closing and Closed, or from Queued to Rejected"))
	}
	wasOpened := []v1alpha1.ExecutionPhase{v1alpha1.Open, v1alpha1.Closing, v1alpha1.Closed}
	complete := status.ExecutionID != "" && status.OpenTime != nil && status.Plan != nil && status.Account != nil
	if slices.Contains(wasOpened, status.Phase) && !complete {
		problems = append(problems, field.Invalid(at, status.Phase, "an execution that has been opened must have executionID, openTime, plan and account"))
	}
	return problems
}

// following returns the phases that may follow one.
func following(phase v1alpha1.ExecutionPhase) []v1alpha1.ExecutionPhase {
	switch phase {
	case v1alpha1.Queued:
		return []v1alpha1.ExecutionPhase{v1alpha1.Open, v1alpha1.Closing, v1alpha1.Closed, v1alpha1.Rejected}
	case v1alpha1.Open:
		return []v1alpha1.ExecutionPhase{v1alpha1.Closing, v1alpha1.Closed}
	case v1alpha1.Closing:
		return []v1alpha1.ExecutionPhase{v1alpha1.Closed}
	}
	return nil
}

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The group, and the version of this package.
const (
	GroupName = "batch-job-controller.io"
	Version   = "v1alpha1"
)

// The kinds, and their resources.
const (
	NodeCronJobKind     = "NodeCronJob"
	NodeCronJobResource = "nodecronjobs"
	ExecutionKind       = "Execution"
	ExecutionResource   = "executions"
)

// GroupVersion returns the group and the version of this package.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: GroupName, Version: Version}
}

// AddToScheme makes a scheme know the kinds of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion(), &NodeCronJob{}, &NodeCronJobList{}, &Execution{}, &ExecutionList{})
	metav1.AddToGroupVersion(scheme, GroupVersion())
	return nil
}

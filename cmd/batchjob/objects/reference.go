package objects

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Reference identifies an object.
type Reference struct {
	APIVersion string
	Kind       string
	Namespace  string // empty: cluster-scoped
	Name       string
}

// ReferenceTo returns the reference to an object.
func ReferenceTo(o *unstructured.Unstructured) Reference {
	return Reference{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// String is kubectl's name of the object, such as deployment.apps/name.
func (r Reference) String() string {
	return r.Resource() + "/" + r.Name
}

// Resource is kubectl's name of the kind.
func (r Reference) Resource() string {
	name := strings.ToLower(r.Kind)
	if group := r.kind().Group; group != "" {
		name += "." + group
	}
	return name
}

func (r Reference) kind() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(r.APIVersion, r.Kind)
}

// sameAs reports whether both identify the same object, in any API version.
func (r Reference) sameAs(other Reference) bool {
	return r.kind().GroupKind() == other.kind().GroupKind() && r.Namespace == other.Namespace && r.Name == other.Name
}

// isReports reports whether the object holds reports, which must not be lost.
func (r Reference) isReports() bool { return r.Kind == "PersistentVolumeClaim" }

// isShared reports whether other installations use the object too: its deletion would delete
// all of their NodeCronJobs and Executions.
func (r Reference) isShared() bool { return r.Kind == "CustomResourceDefinition" }

// Change is what was done to an object.
type Change string

// The changes.
const (
	Created    Change = "created"
	Configured Change = "configured"
	Unchanged  Change = "unchanged"
	Deleted    Change = "deleted"
	Kept       Change = "kept"
	KeptShared Change = "kept: other installations may use it"
	KeptNewer  Change = "kept: that of the cluster is of a later version"
	NotOurs    Change = "kept: not created by this program"
)

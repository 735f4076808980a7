package objects

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Reference tells which object.
type Reference struct {
	APIVersion string
	Kind       string
	Namespace  string // empty: it is in none
	Name       string
}

// ReferenceTo returns the reference to an object.
func ReferenceTo(o *unstructured.Unstructured) Reference {
	return Reference{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// String is what kubectl calls the object, such as deployment.apps/name.
func (r Reference) String() string {
	return r.Resource() + "/" + r.Name
}

// Resource is what kubectl calls objects of this kind.
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

// sameAs is whether both are about one object, by whatever version.
func (r Reference) sameAs(other Reference) bool {
	return r.kind().GroupKind() == other.kind().GroupKind() && r.Namespace == other.Namespace && r.Name == other.Name
}

// isReports is whether the object holds reports, which are not to be made again.
func (r Reference) isReports() bool { return r.Kind == "PersistentVolumeClaim" }

// Change is what was done with an object.
type Change string

// What is done with objects.
const (
	Created    Change = "created"
	Configured Change = "configured"
	Unchanged  Change = "unchanged"
	Deleted    Change = "deleted"
	Kept       Change = "kept"
	NotOurs    Change = "kept: others have made it"
)

package mirror

import (
	"bytes"
	"maps"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// configMapOf returns the name of the ConfigMap that a NodeCronJob was written from.
func configMapOf(n *v1alpha1.NodeCronJob) (name string, fromConfigMap bool) {
	return strings.CutPrefix(n.Annotations[jobspec.SourceAnnotation], jobspec.SourceConfigMap)
}

// created returns the NodeCronJob to create. It has no ownerReference to the ConfigMap: one
// that is deleted and created again, as by kubectl replace --force, would take the executions
// and their Jobs with it.
func (w Wanted) created() *v1alpha1.NodeCronJob {
	n := &v1alpha1.NodeCronJob{
		ObjectMeta: metav1.ObjectMeta{
			Name:        w.Name,
			Labels:      jobspec.CommonLabels(w.Name, jobspec.MirrorComponent),
			Annotations: jobspec.CommonAnnotations(),
		},
		Spec: *w.Spec.DeepCopy(),
	}
	w.mark(n)
	return n
}

// updated returns a NodeCronJob as it should be. What people may change stays: the ConfigMap
// has no keys for it.
func (w Wanted) updated(found *v1alpha1.NodeCronJob) *v1alpha1.NodeCronJob {
	n := found.DeepCopy()
	n.Spec = *w.Spec.DeepCopy()
	n.Spec.ConcurrencyPolicy, n.Spec.Priority = found.Spec.ConcurrencyPolicy, found.Spec.Priority
	n.Spec.Suspend = found.Spec.Suspend && !isWithdrawn(found)
	delete(n.Annotations, jobspec.WithdrawnAnnotation)
	w.mark(n)
	return n
}

// mark says whose a NodeCronJob is, and what it was written from.
func (w Wanted) mark(n *v1alpha1.NodeCronJob) {
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	if n.Annotations == nil {
		n.Annotations = map[string]string{}
	}
	n.Labels[jobspec.OwnerLabel] = w.Name
	n.Annotations[jobspec.SourceAnnotation] = jobspec.SourceConfigMap + w.ConfigMap
	n.Annotations[jobspec.ConfigHashAnnotation] = w.Hash
}

// withdrawn returns a NodeCronJob that is suspended because the ConfigMap no longer has it.
// The annotation distinguishes that from a person's suspend, which stays if the definition
// comes back.
func withdrawn(found *v1alpha1.NodeCronJob) *v1alpha1.NodeCronJob {
	n := found.DeepCopy()
	n.Spec.Suspend = true
	n.Annotations[jobspec.WithdrawnAnnotation] = "true"
	return n
}

func isWithdrawn(n *v1alpha1.NodeCronJob) bool {
	return n.Annotations[jobspec.WithdrawnAnnotation] != ""
}

// differing returns the paths of what differs between two NodeCronJobs, of what the mirror
// writes.
func differing(found, wanted *v1alpha1.NodeCronJob) (paths []string) {
	if !maps.Equal(found.Labels, wanted.Labels) {
		paths = append(paths, "metadata.labels")
	}
	if !maps.Equal(found.Annotations, wanted.Annotations) {
		paths = append(paths, "metadata.annotations")
	}
	a, b := found.Spec, wanted.Spec
	if sameJSON(a.Custom, b.Custom) {
		b.Custom = a.Custom
	}
	before, after := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range before.NumField() {
		if !equality.Semantic.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
			name, _, _ := strings.Cut(before.Type().Field(i).Tag.Get("json"), ",")
			paths = append(paths, "spec."+name)
		}
	}
	return paths
}

// sameJSON reports whether two free-form values are equal. The API server writes the text
// anew: spaces, the order of the fields and the form of a number say nothing.
func sameJSON(a, b *runtime.RawExtension) bool {
	if a == nil || b == nil {
		return a == b
	}
	if bytes.Equal(a.Raw, b.Raw) {
		return true
	}
	var x, y any
	return json.Unmarshal(a.Raw, &x) == nil && json.Unmarshal(b.Raw, &y) == nil && reflect.DeepEqual(x, y)
}

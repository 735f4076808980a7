package steer

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

const goodManifest = `apiVersion: batch-job-controller.io/v1alpha1
kind: NodeCronJob
metadata: {name: new-check}
spec:
  cronExpression: "42 3 * * *"
  metrics: {prefix: new}
  template: {spec: {containers: [{name: check, image: example.com/check:1}]}}
`

func TestApply(t *testing.T) {
	const head = "apiVersion: batch-job-controller.io/v1alpha1\nkind: NodeCronJob\nmetadata: {name: new-check}\n"
	file := func(text string) map[string]string { return map[string]string{"check.yaml": text} }
	conflicts := &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: 409, Reason: metav1.StatusReasonConflict, Message: "Apply failed with 1 conflict",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.suspend", Message: `conflict with "kubectl-patch"`}}},
	}}
	group := schema.GroupResource{Group: v1alpha1.GroupName, Resource: "nodecronjobs"}
	playAll(t, "apply", map[string]play{
		"a new one":                  {args: "apply -f check.yaml", files: file(goodManifest)},
		"from standard input":        {args: "apply -f - -n other", in: goodManifest},
		"dry run":                    {args: "apply -f check.yaml --dry-run", files: file(goodManifest)},
		"another kind of dry run":    {args: "apply -f check.yaml --dry-run=client", files: file(goodManifest)},
		"as YAML":                    {args: "apply -f check.yaml -o jsonpath={.metadata.namespace}/{.metadata.name}", files: file(goodManifest)},
		"unchanged":                  {args: "apply -f check.yaml", files: file(head + "spec: {cronExpression: '@hourly', metrics: {prefix: x}, template: {spec: {containers: [{name: check, image: x}]}}}\n"), prepare: existing("@hourly")},
		"changed":                    {args: "apply -f check.yaml", files: file(head + "spec: {cronExpression: '@daily', metrics: {prefix: x}, template: {spec: {containers: [{name: check, image: x}]}}}\n"), prepare: existing("@hourly")},
		"no file":                    {args: "apply"},
		"a file that does not exist": {args: "apply -f nowhere.yaml"},
		"an empty file":              {args: "apply -f check.yaml", files: file("# nothing\n")},
		"no YAML":                    {args: "apply -f check.yaml", files: file("a: [\n")},
		"another kind":               {args: "apply -f check.yaml", files: file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
		"no name":                    {args: "apply -f check.yaml", files: file("apiVersion: batch-job-controller.io/v1alpha1\nkind: NodeCronJob\n")},
		"another namespace":          {args: "apply -f check.yaml -n other", files: file("apiVersion: batch-job-controller.io/v1alpha1\nkind: NodeCronJob\nmetadata: {name: a, namespace: checks}\n")},
		"all that is wrong": {args: "apply -f check.yaml", files: file(goodManifest + "---\n" + head +
			"spec:\n  cronExpression: sometimes\n  podPoolsize: 3\n  metrics: {prefix: x, gauge: {}}\n---\n" + head +
			"spec:\n  cronExpression: '@daily'\n  timeZone: Mars/Base\n  metrics: {prefix: x}\n  podTemplate: 'kind: Pod'\n")},
		"a status, which is the controller's": {args: "apply -f check.yaml", files: file(goodManifest + "status: {observedGeneration: 1}\n")},
		"a template with what is not used": {args: "apply -f check.yaml", files: file(head + "spec:\n  cronExpression: '@daily'\n  metrics: {prefix: x}\n  podTemplate: |\n" +
			"    kind: Pod\n    spec: {restartPolicy: Always, containers: [{name: check, image: example.com/check:1}]}\n")},
		"both templates":                  {args: "apply -f check.yaml", files: file(head + "spec: {cronExpression: '@daily', metrics: {prefix: x}, template: {}, podTemplate: x}\n")},
		"a value of another type":         {args: "apply -f check.yaml", files: file(head + "spec: {cronExpression: '@daily', podPoolSize: many}\n")},
		"fields of other managers":        {args: "apply -f check.yaml", files: file(goodManifest), prepare: func(_ *testing.T, w *world) { w.fails("patch", "nodecronjobs", conflicts) }},
		"fields of other managers, taken": {args: "apply -f check.yaml --force-conflicts", files: file(goodManifest)},
		"a conflict without fields": {args: "apply -f check.yaml", files: file(goodManifest), prepare: func(_ *testing.T, w *world) {
			w.fails("patch", "nodecronjobs", apierrors.NewConflict(group, "new-check", errors.New("the object has been modified")))
		}},
		"an object that the API server rejects": {args: "apply -f check.yaml", files: file(goodManifest), prepare: func(_ *testing.T, w *world) {
			w.fails("patch", "nodecronjobs", apierrors.NewInvalid(schema.GroupKind{Group: v1alpha1.GroupName, Kind: "NodeCronJob"}, "new-check", nil))
		}},
		"without the permission to apply": {args: "apply -f check.yaml", files: file(goodManifest), prepare: func(_ *testing.T, w *world) { w.forbids("patch", "nodecronjobs") }},
		"without the permission to read":  {args: "apply -f check.yaml", files: file(goodManifest), prepare: func(_ *testing.T, w *world) { w.forbids("get", "nodecronjobs") }},
	})
}

// existing creates the definition that the files apply.
func existing(cron string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		t.Helper()
		d := &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "new-check"}, Spec: v1alpha1.NodeCronJobSpec{
			CronExpression: cron, Metrics: v1alpha1.Metrics{Prefix: "x"},
			Template: &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "check", Image: "x"}}}},
		}}
		if _, err := w.api.NodeCronJobs("checks").Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		w.api.ClearActions()
	}
}

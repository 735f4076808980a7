package install

import (
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clientscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

const (
	carelessPod   = "kind: Pod\nspec: {containers: [{name: job, image: example.com/job:1}]}\n"
	privilegedPod = "kind: Pod\nspec: {hostNetwork: true, containers: [{name: job, image: example.com/job:1}]}\n"
)

// anInstallation is overlay demo, rendered with a pod template.
func anInstallation(t *testing.T, pod string) rendered {
	t.Helper()
	file := t.TempDir() + "/pod.yaml"
	if err := os.WriteFile(file, []byte(pod), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := render(aTool(), selection{overlay: "demo", podTemplate: file})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// objectsOf is a cluster with objects, in which only the given kinds of the core group
// exist.
func objectsOf(kinds []string, live ...runtime.Object) *objects.Client {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range kinds {
		scope := meta.RESTScopeNamespace
		if kind == "Namespace" {
			scope = meta.RESTScopeRoot
		}
		mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: kind}, scope)
	}
	return &objects.Client{Dynamic: dynamicfake.NewSimpleDynamicClient(clientscheme.Scheme, live...), Mapper: mapper}
}

func TestPodSecurity(t *testing.T) {
	namespace := func(manager string, labels map[string]string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: "batch-job-controller-demo", Labels: labels,
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: manager, Operation: metav1.ManagedFieldsOperationApply}},
		}}
	}
	enforce := func(level string) map[string]string {
		return map[string]string{"pod-security.kubernetes.io/enforce": level}
	}
	tests := map[string]struct {
		pod     string
		live    *corev1.Namespace
		want    []string // of the error; none: it is allowed
		wantNot string
	}{
		"a namespace is made, with the level of the overlay": {pod: carelessPod,
			want: []string{"pod.yaml", "batch-job-controller-demo", "restricted", "allowPrivilegeEscalation", "seccompProfile", "runAsNonRoot",
				"kubectl create namespace OTHER", "enforce=baseline", "install -n OTHER"}},
		"pods need more than baseline":            {pod: privilegedPod, want: []string{"host namespaces: hostNetwork=true", "enforce=privileged"}},
		"a namespace of others enforces nothing":  {pod: privilegedPod, live: namespace("another-manager", nil)},
		"a namespace of others enforces baseline": {pod: carelessPod, live: namespace("another-manager", enforce("baseline"))},
		"a namespace of others enforces more": {pod: privilegedPod, live: namespace("another-manager", enforce("baseline")),
			want: []string{"level baseline", "hostNetwork=true", "kubectl label --overwrite namespace batch-job-controller-demo pod-security.kubernetes.io/enforce=privileged"}},
		"an older version of the level forbids less": {pod: carelessPod,
			live: namespace("another-manager", map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.7"}),
			want: []string{"runAsNonRoot"}, wantNot: "seccompProfile"},
		"an unknown level counts as restricted":                     {pod: carelessPod, live: namespace("another-manager", enforce("strict")), want: []string{"restricted"}},
		"the namespace is that of install, and gets its level back": {pod: carelessPod, live: namespace(objects.Manager, enforce("privileged")), want: []string{"restricted"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := anInstallation(t, test.pod)
			var live []runtime.Object
			if test.live != nil {
				live = append(live, test.live)
			}
			err := checkPodSecurity(t.Context(), objectsOf([]string{"Namespace"}, live...), r, "kubectl batchjob")
			if len(test.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantMisuse(t, err, test.want...)
			if test.wantNot != "" && strings.Contains(err.Error(), test.wantNot) {
				t.Errorf("%q is in: %v", test.wantNot, err)
			}
		})
	}
}

// wantMisuse checks the exit status, and the text of the error.
func wantMisuse(t *testing.T, err error, want ...string) {
	t.Helper()
	status, ok := err.(*cli.StatusError) //nolint:errorlint // it is not wrapped
	if !ok || status.Status != cli.ExitMisused {
		t.Fatalf("got %v, want a misuse", err)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

func aTool() *cli.Tool {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	return cli.NewTool("kubectl batchjob", streams)
}

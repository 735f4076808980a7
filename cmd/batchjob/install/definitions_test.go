package install

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

// withDefinitions is a cluster with the custom resource definitions, and other objects.
func withDefinitions(t *testing.T, documents ...string) (*cluster.Cluster, *dynamicfake.FakeDynamicClient) {
	t.Helper()
	mapper, lists := meta.NewDefaultRESTMapper(nil), map[schema.GroupVersionResource]string{}
	for kind, version := range map[string]string{
		"ConfigMap": "v1", "PersistentVolumeClaim": "v1", "Secret": "v1", "Deployment": "apps/v1", "Job": "batch/v1",
		"CustomResourceDefinition": "apiextensions.k8s.io/v1", "Namespace": "v1",
		"NodeCronJob": "batch-job-controller.io/v1alpha1", "Execution": "batch-job-controller.io/v1alpha1",
	} {
		scope := meta.RESTScopeNamespace
		if kind == "CustomResourceDefinition" || kind == "Namespace" {
			scope = meta.RESTScopeRoot
		}
		gvk := schema.FromAPIVersionAndKind(version, kind)
		mapper.Add(gvk, scope)
		plural, _ := meta.UnsafeGuessKindToResource(gvk)
		lists[plural] = kind + "List"
	}
	for _, name := range []string{"executions", "nodecronjobs"} {
		documents = append(documents, "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: "+name+
			".batch-job-controller.io, managedFields: [{manager: kubectl-batchjob, operation: Apply}]}}")
	}
	decoded, err := objects.Decode([]byte(strings.Join(documents, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	var live []runtime.Object
	for _, o := range decoded {
		live = append(live, o)
	}
	client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, live...)
	return &cluster.Cluster{Interface: fake.NewClientset(), Objects: &objects.Client{Dynamic: client, Mapper: mapper}}, client
}

// The custom resource definitions are deleted if the user asks for it, and nothing uses them.
func TestUninstallWithDefinitions(t *testing.T) {
	const (
		both      = "customresourcedefinition.apiextensions.k8s.io/executions.batch-job-controller.io, customresourcedefinition.apiextensions.k8s.io/nodecronjobs.batch-job-controller.io"
		installed = "{apiVersion: v1, kind: ConfigMap, metadata: {namespace: checks, name: batch-job-controller-inventory}, data: {objects: ''}}"
		elsewhere = "{apiVersion: batch-job-controller.io/v1alpha1, kind: NodeCronJob, metadata: {namespace: other, name: dns-check}}"
	)
	fails := func(verb, resource string, err error) func(*dynamicfake.FakeDynamicClient) {
		return func(c *dynamicfake.FakeDynamicClient) {
			c.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err })
		}
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("of this user"))
	tests := map[string]struct {
		live       []string
		prepare    func(*dynamicfake.FakeDynamicClient)
		without    bool // --delete-definitions
		wantStatus int
		wantErr    string
		wantOut    string
		wantLeft   int // definitions
	}{
		"nothing uses them":         {live: []string{installed}, wantOut: "customresourcedefinition.apiextensions.k8s.io/nodecronjobs.batch-job-controller.io deleted\nKept: namespace checks.\n"},
		"they are all that is left": {wantOut: "executions.batch-job-controller.io deleted\n"},
		"another installation uses them": {live: []string{installed, elsewhere}, wantStatus: cli.ExitConflict,
			wantErr: "nothing was deleted: the custom resource definitions are used by nodecronjob other/dns-check; without --delete-definitions, uninstall keeps them", wantLeft: 2},
		"who uses them cannot be read": {live: []string{installed}, prepare: fails("list", "nodecronjobs", forbidden), wantStatus: cli.ExitNotDone,
			wantErr: "nothing was deleted: cannot tell whether anything uses", wantLeft: 2},
		"without the flag": {live: []string{installed}, without: true, wantLeft: 2,
			wantOut: "Kept: " + both + ": nothing uses them; to delete them, add --delete-definitions.\nKept: namespace checks.\n"},
		"without the flag, used": {live: []string{installed, elsewhere}, without: true, wantLeft: 2, wantOut: "Kept: " + both + ": used by nodecronjob other/dns-check.\n"},
		"without the flag, and who uses them cannot be read": {live: []string{installed}, without: true, wantLeft: 2, wantOut: "Kept: " + both + ": other installations may use them.\n",
			prepare: fails("list", "deployments", forbidden)},
		"without the flag, and they cannot be read": {live: []string{installed}, without: true, wantLeft: 2, wantOut: "Kept: namespace checks.\n",
			prepare: fails("get", "customresourcedefinitions", forbidden)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, client := withDefinitions(t, test.live...)
			if test.prepare != nil {
				test.prepare(client)
			}
			streams, _, out, _ := genericiooptions.NewTestIOStreams()
			err := uninstallFrom(t.Context(), cli.NewTool("kubectl batchjob", streams), c, "checks", uninstallOptions{deleteDefinitions: !test.without, timeout: time.Minute})
			if got := exitStatus(err); got != test.wantStatus || (err != nil && !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("got status %d and %v, want %d and %q", got, err, test.wantStatus, test.wantErr)
			}
			if !strings.Contains(out.String(), test.wantOut) {
				t.Errorf("%q is not in: %s", test.wantOut, out)
			}
			left, err := client.Tracker().List(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"},
				schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}, "")
			if err != nil {
				t.Fatal(err)
			}
			if n := meta.LenList(left); n != test.wantLeft {
				t.Errorf("%d definitions are left, want %d", n, test.wantLeft)
			}
		})
	}
}

// exitStatus is the exit status of a command that returns an error.
func exitStatus(err error) int {
	var status *cli.StatusError
	switch {
	case err == nil:
		return cli.ExitOK
	case errors.As(err, &status):
		return status.Status
	default:
		return cli.ExitNotDone
	}
}

// A script can add --force-conflicts if that is all there is to do.
func TestExitStatusOfConflicts(t *testing.T) {
	conflict := &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusConflict, Reason: metav1.StatusReasonConflict,
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.replicas"}}},
	}}
	tests := map[string]struct {
		err        error
		wantStatus int
		wantHint   bool
	}{
		"only conflicts":       {err: &objects.Rejections{Errors: []error{conflict}, Conflicts: true}, wantStatus: cli.ExitConflict, wantHint: true},
		"conflicts and others": {err: &objects.Rejections{Errors: []error{conflict, errors.New("invalid")}, Conflicts: true, Others: true}, wantStatus: cli.ExitNotDone, wantHint: true},
		"none":                 {err: &objects.Rejections{Errors: []error{errors.New("invalid")}, Others: true}, wantStatus: cli.ExitNotDone},
		"no rejection":         {err: errors.New("connection refused"), wantStatus: cli.ExitNotDone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := explainRejection(test.err)
			if got := exitStatus(err); got != test.wantStatus {
				t.Errorf("got status %d, want %d", got, test.wantStatus)
			}
			if got := strings.Contains(err.Error(), "add --force-conflicts"); got != test.wantHint {
				t.Errorf("got %v", err)
			}
		})
	}
}

package objects

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
)

// clusterOf is a cluster that knows the kinds of an installation, with objects.
func clusterOf(t *testing.T, documents ...string) (*Client, *dynamicfake.FakeDynamicClient) {
	t.Helper()
	mapper, lists := meta.NewDefaultRESTMapper(nil), map[schema.GroupVersionResource]string{}
	for _, kind := range []struct {
		version, kind string
		scope         meta.RESTScope
	}{
		{"v1", "ConfigMap", meta.RESTScopeNamespace}, {"v1", "Namespace", meta.RESTScopeRoot},
		{"v1", "PersistentVolumeClaim", meta.RESTScopeNamespace}, {"v1", "Secret", meta.RESTScopeNamespace},
		{"apps/v1", "Deployment", meta.RESTScopeNamespace}, {"batch/v1", "Job", meta.RESTScopeNamespace},
		{"apiextensions.k8s.io/v1", "CustomResourceDefinition", meta.RESTScopeRoot},
		{version, nodeCronJobKind, meta.RESTScopeNamespace}, {version, executionKind, meta.RESTScopeNamespace},
	} {
		gvk := schema.FromAPIVersionAndKind(kind.version, kind.kind)
		mapper.Add(gvk, kind.scope)
		plural, _ := meta.UnsafeGuessKindToResource(gvk)
		lists[plural] = kind.kind + "List"
	}
	decoded, err := Decode([]byte(strings.Join(documents, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	live := make([]runtime.Object, 0, len(decoded))
	for _, o := range decoded {
		live = append(live, o)
	}
	client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, live...)
	return &Client{Dynamic: client, Mapper: mapper}, client
}

const (
	aNamespace  = "{apiVersion: v1, kind: Namespace, metadata: {name: there}}"
	aDefinition = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: executions.batch-job-controller.io}, spec: {group: x}}"
	aConfigMap  = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one, namespace: there}}"
)

// takesApply has a fake client take what it cannot apply, and returns what it took.
func takesApply(client *dynamicfake.FakeDynamicClient) *[]string {
	took := &[]string{}
	client.PrependReactor("patch", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		patch := action.(clienttesting.PatchActionImpl)
		if len(patch.PatchOptions.DryRun) == 0 {
			*took = append(*took, patch.GetResource().Resource+"/"+patch.GetName())
		}
		o := &unstructured.Unstructured{}
		return true, o, o.UnmarshalJSON(patch.GetPatch())
	})
	return took
}

// The API server serves a kind some time after its definition was applied.
func TestInstallWaitsUntilDefinitionsAreEstablished(t *testing.T) {
	const served, waits, clash = "Established: True", "Established: False", "NamesAccepted: False"
	tests := map[string]struct {
		live    string   // before; empty: there is none
		reads   []string // a condition of the definition, at each read after it was applied
		gone    bool     // it is, at each read
		wantErr string
		want    []string
	}{
		"it is there at once":            {reads: []string{served}, want: []string{"customresourcedefinitions/executions.batch-job-controller.io", "configmaps/one"}},
		"it takes a while":               {reads: []string{"", waits, waits, served}, want: []string{"customresourcedefinitions/executions.batch-job-controller.io", "configmaps/one"}},
		"it is current, but not served":  {live: aDefinition, reads: []string{waits, served}, want: []string{"configmaps/one"}},
		"it takes too long":              {reads: []string{waits}, wantErr: "timed out after 1m0s", want: []string{"customresourcedefinitions/executions.batch-job-controller.io"}},
		"its names are those of another": {reads: []string{"", clash}, wantErr: `ShortNameConflict: "ncje" is already in use`, want: []string{"customresourcedefinitions/executions.batch-job-controller.io"}},
		"another client deletes it":      {gone: true, wantErr: "another client has deleted it", want: []string{"customresourcedefinitions/executions.batch-job-controller.io"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				live := []string{aNamespace}
				if test.live != "" {
					live = append(live, test.live)
				}
				client, fake := clusterOf(t, live...)
				took, reads := takesApply(fake), 0
				fake.PrependReactor("get", "customresourcedefinitions", func(action clienttesting.Action) (bool, runtime.Object, error) {
					if !slices.ContainsFunc(*took, func(name string) bool { return strings.Contains(name, "inventory") }) {
						return false, nil, nil // before anything is applied
					}
					if test.live == "" && !slices.ContainsFunc(*took, func(name string) bool { return strings.Contains(name, "executions") }) {
						return false, nil, nil
					}
					if test.gone {
						return true, nil, apierrors.NewNotFound(action.GetResource().GroupResource(), "executions")
					}
					o := definitionWith(t, test.reads[min(reads, len(test.reads)-1)])
					reads++
					return true, o, nil
				})
				wanted, err := Decode([]byte(aDefinition + "\n---\n" + aConfigMap))
				if err != nil {
					t.Fatal(err)
				}
				installer := Installer{Client: client, Report: func(Reference, Change) {}}
				err = installer.Install(t.Context(), Inventory{Namespace: "there"}, wanted)
				if (err != nil) != (test.wantErr != "") || (err != nil && !strings.Contains(err.Error(), test.wantErr)) {
					t.Errorf("got %v, want %q", err, test.wantErr)
				}
				applied := slices.DeleteFunc(*took, func(name string) bool { return strings.Contains(name, "inventory") })
				if diff := cmp.Diff(test.want, applied); diff != "" {
					t.Errorf("applied (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// An older program, which another installation of the cluster may have, keeps newer definitions.
func TestInstallKeepsNewerDefinitions(t *testing.T) {
	const name = "customresourcedefinitions/executions.batch-job-controller.io"
	revised := func(revision, group string) string {
		return fmt.Sprintf("{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: executions.batch-job-controller.io, annotations: {batch-job-controller.io/revision: '%s'}},"+
			" spec: {group: %s}, status: {conditions: [{type: Established, status: 'True'}]}}", revision, group)
	}
	tests := map[string]struct {
		live   string // its revision; empty: it has none
		ours   string
		wanted Change
	}{
		"it is newer":                {live: "10", ours: "9", wanted: KeptNewer},
		"it is older":                {live: "9", ours: "10", wanted: Configured},
		"it is of the same revision": {live: "9", ours: "9", wanted: Configured},
		"it has no revision":         {live: "", ours: "1", wanted: Configured},
		"it has no number":           {live: "later", ours: "1", wanted: Configured},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			client, fake := clusterOf(t, aNamespace, revised(test.live, "theirs"))
			took := takesApply(fake)
			wanted, err := Decode([]byte(revised(test.ours, "ours")))
			if err != nil {
				t.Fatal(err)
			}
			differences, err := client.Diff(t.Context(), "there", wanted)
			if err != nil {
				t.Fatal(err)
			}
			var got Change
			installer := Installer{Client: client, Report: func(r Reference, change Change) {
				if r.isShared() {
					got = change
				}
			}}
			if err := installer.Install(t.Context(), Inventory{Namespace: "there"}, wanted); err != nil {
				t.Fatal(err)
			}
			isKept := test.wanted == KeptNewer
			if got != test.wanted || slices.Contains(*took, name) == isKept || (len(differences) == 0) != isKept {
				t.Errorf("got %q, applied %v, with %d differences, want %q", got, *took, len(differences), test.wanted)
			}
		})
	}
}

// definitionWith is the definition with a condition.
func definitionWith(t *testing.T, condition string) *unstructured.Unstructured {
	t.Helper()
	kind, status, _ := strings.Cut(condition, ": ")
	decoded, err := Decode([]byte(aDefinition))
	if err != nil {
		t.Fatal(err)
	}
	if condition != "" {
		decoded[0].Object["status"] = map[string]any{"conditions": []any{map[string]any{
			"type": kind, "status": status, "reason": "ShortNameConflict", "message": `"ncje" is already in use`,
		}}}
	}
	return decoded[0]
}

// What an uninstallation deletes does not use the definitions.
func TestUsersOfTheDefinitions(t *testing.T) {
	object := func(kind, namespace, name, meta string) string {
		apiVersion := version
		if kind == "Deployment" {
			apiVersion = "apps/v1"
		}
		return fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {namespace: %s, name: %s, %s}}", apiVersion, kind, namespace, name, meta)
	}
	const (
		controller = "labels: {app.kubernetes.io/name: batch-job-controller}"
		mirror     = "annotations: {batch-job-controller.io/source: ConfigMap/batch-job-controller}"
		adopted    = "labels: {batch-job-controller.io/owner: check}"
		deleted    = "deletionTimestamp: '2026-11-28T03:42:00Z', finalizers: [x]"
	)
	own := []string{
		object("Deployment", "there", "batch-job-controller", controller),
		object(nodeCronJobKind, "there", "check", mirror),
		object(executionKind, "there", "check-20261128034200", adopted),
	}
	installed := `{apiVersion: v1, kind: ConfigMap, metadata: {namespace: there, name: batch-job-controller-inventory}, data: {objects: "apps/v1 Deployment there batch-job-controller"}}`
	tests := map[string]struct {
		live []string
		want []string
	}{
		"nothing is there":          {},
		"only this installation":    {live: append([]string{installed}, own...)},
		"this one was not by us":    {live: own, want: []string{"controller there/batch-job-controller", "nodecronjob there/check", "1 execution in namespace there"}},
		"what is deleted uses none": {live: []string{object(nodeCronJobKind, "other", "check", deleted), object(executionKind, "other", "a", deleted)}},
		"others": {live: append([]string{installed,
			object("Deployment", "other", "batch-job-controller", controller), object("Deployment", "other", "another", ""),
			object(nodeCronJobKind, "there", "by-a-user", ""), object(nodeCronJobKind, "other", "check", mirror),
			object(executionKind, "there", "not-adopted", ""), object(executionKind, "other", "a", adopted), object(executionKind, "other", "b", adopted),
		}, own...), want: []string{"controller other/batch-job-controller", "nodecronjob other/check", "nodecronjob there/by-a-user",
			"1 execution in namespace there", "2 executions in namespace other"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, _ := clusterOf(t, test.live...)
			u := Uninstaller{Client: client, Namespace: "there"}
			got, err := u.Users(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A cluster that does not know the kinds has no users of them; one that does not answer may.
func TestUsersThatCannotBeRead(t *testing.T) {
	client, fake := clusterOf(t)
	fake.PrependReactor("list", "executions", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("connection refused")
	})
	u := Uninstaller{Client: client, Namespace: "there"}
	if _, err := u.Users(t.Context()); err == nil || !strings.Contains(err.Error(), "list execution.batch-job-controller.io in all namespaces: connection refused") {
		t.Errorf("got %v", err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, meta.RESTScopeNamespace)
	u.Mapper = mapper
	if users, err := u.Users(t.Context()); err != nil || len(users) > 0 {
		t.Errorf("got %v and %v", users, err)
	}
}

// The controller's own NodeCronJob goes with it, and so do the Executions that it runs for
// users. What users have defined stays.
func TestUninstallDeletesWhatTheControllerRuns(t *testing.T) {
	client, fake := clusterOf(t,
		"{apiVersion: v1, kind: ConfigMap, metadata: {namespace: there, name: batch-job-controller-inventory}, data: {objects: ''}}",
		"{apiVersion: batch-job-controller.io/v1alpha1, kind: NodeCronJob, metadata: {namespace: there, name: mirror, annotations: {batch-job-controller.io/source: ConfigMap/a}}}",
		"{apiVersion: batch-job-controller.io/v1alpha1, kind: NodeCronJob, metadata: {namespace: there, name: by-a-user}}",
		"{apiVersion: batch-job-controller.io/v1alpha1, kind: Execution, metadata: {namespace: there, name: adopted, labels: {batch-job-controller.io/owner: mirror}}}",
	)
	var made []string
	u := Uninstaller{Client: client, Namespace: "there", Report: func(Reference, Change) {}, ReportMade: func(kind Reference, n int) { made = append(made, fmt.Sprint(kind.Kind, " ", n)) }}
	mapper := client.Mapper.(*meta.DefaultRESTMapper)
	mapper.Add(schema.FromAPIVersionAndKind("coordination.k8s.io/v1", "Lease"), meta.RESTScopeNamespace)
	if err := u.Uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"NodeCronJob 1", "Execution 1"}, made); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	left, err := fake.Resource(schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "nodecronjobs"}).Namespace("there").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(left.Items) != 1 || left.Items[0].GetName() != "by-a-user" {
		t.Errorf("got %v", left.Items)
	}
}

// Definitions that were applied otherwise are not deleted.
func TestDeleteDefinitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours := strings.Replace(aDefinition, "metadata: {", "metadata: {managedFields: [{manager: kubectl-batchjob, operation: Apply}], ", 1)
		theirs := strings.Replace(aDefinition, "name: executions", "name: nodecronjobs", 1)
		client, _ := clusterOf(t, ours, theirs)
		changes := map[string]Change{}
		u := Uninstaller{Client: client, Namespace: "there", Report: func(r Reference, change Change) { changes[r.Name] = change }}
		if err := u.DeleteDefinitions(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]Change{"executions.batch-job-controller.io": Deleted, "nodecronjobs.batch-job-controller.io": NotOurs}
		if diff := cmp.Diff(want, changes); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		there, err := u.Definitions(t.Context())
		if err != nil || len(there) != 1 || there[0].Name != "nodecronjobs.batch-job-controller.io" {
			t.Errorf("got %v and %v", there, err)
		}
		time.Sleep(time.Hour) // so that no timer is left
	})
}

package objects

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestReferences(t *testing.T) {
	tests := map[string]struct {
		reference Reference
		want      string
	}{
		"of the core group":   {Reference{"v1", "ConfigMap", "there", "one"}, "configmap/one"},
		"of another group":    {Reference{"apps/v1", "Deployment", "there", "one"}, "deployment.apps/one"},
		"without a namespace": {Reference{"rbac.authorization.k8s.io/v1", "ClusterRole", "", "one:there"}, "clusterrole.rbac.authorization.k8s.io/one:there"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.reference.String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestInventoryIsReadAsItWasWritten(t *testing.T) {
	want := Inventory{
		Namespace: "there", Overlay: "demo", Components: []string{"ha", "tls"}, Version: "v1.2.3",
		Objects: []Reference{
			{"v1", "Service", "there", "one"},
			{"rbac.authorization.k8s.io/v1", "ClusterRole", "", "one:there"},
		},
	}
	got, err := parseInventory(want.object())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDamagedInventory(t *testing.T) {
	o := Inventory{Namespace: "there"}.object()
	if err := unstructured.SetNestedField(o.Object, "v1 Service there one\nv1 Service\nnonsense", "data", "objects"); err != nil {
		t.Fatal(err)
	}
	_, err := parseInventory(o)
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{`"v1 Service\n"`, `"nonsense"`, "apiVersion, kind, namespace and name"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in: %v", want, err)
		}
	}
}

func TestWithout(t *testing.T) {
	old := []Reference{
		{"v1", "Service", "there", "one"}, {"v1", "Service", "elsewhere", "one"},
		{"policy/v1beta1", "PodDisruptionBudget", "there", "one"}, {"v1", "ConfigMap", "there", "one"},
	}
	now := []Reference{{"v1", "Service", "there", "one"}, {"policy/v1", "PodDisruptionBudget", "there", "one"}}
	want := []Reference{{"v1", "Service", "elsewhere", "one"}, {"v1", "ConfigMap", "there", "one"}}
	if diff := cmp.Diff(want, without(old, now)); diff != "" {
		t.Errorf("another version is no other object (-want +got):\n%s", diff)
	}
}

func conflict() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusConflict, Reason: metav1.StatusReasonConflict, Message: "Apply failed with 1 conflict",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{
			{Type: metav1.CauseTypeFieldManagerConflict, Field: ".spec.replicas", Message: `conflict with "scaler" using apps/v1`},
		}},
	}}
}

func TestRejections(t *testing.T) {
	deployment := Reference{"apps/v1", "Deployment", "there", "one"}
	monitor := Reference{"monitoring.coreos.com/v1", "ServiceMonitor", "there", "one"}
	claim := Reference{"v1", "PersistentVolumeClaim", "there", "one"}
	tests := map[string]struct {
		of            Reference
		err           error
		want          []string
		wantConflicts bool
	}{
		"a field of another": {deployment, conflict(),
			[]string{"deployment.apps/one: other field managers own", `.spec.replicas: conflict with "scaler"`}, true},
		"a conflict of versions is none of fields": {deployment, apierrors.NewConflict(schema.GroupResource{Resource: "deployments"}, "one", errors.New("changed")),
			[]string{"deployment.apps/one: ", "changed"}, false},
		"a kind that the cluster has not": {monitor, &meta.NoKindMatchError{GroupKind: monitor.kind().GroupKind()},
			[]string{"servicemonitor.monitoring.coreos.com/one", "omit the component"}, false},
		"a volume that cannot be another": {claim, apierrors.NewInvalid(claim.kind().GroupKind(), "one", nil),
			[]string{"the volume claim of the reports cannot be changed"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			refused := &Rejections{}
			refused.add(test.of, test.err)
			for _, want := range test.want {
				if !strings.Contains(refused.Error(), want) {
					t.Errorf("%q is not in: %v", want, refused)
				}
			}
			if refused.Conflicts != test.wantConflicts || refused.Others == test.wantConflicts {
				t.Errorf("got conflicts %t, and others %t", refused.Conflicts, refused.Others)
			}
			if !errors.Is(refused, test.err) {
				t.Error("the cause is lost")
			}
		})
	}
	if err := (&Rejections{}).orNil(); err != nil {
		t.Errorf("no refusal is the error %v", err)
	}
}

// All missing kinds are reported together, before anything is sent.
func TestUnknownKinds(t *testing.T) {
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Service"}, meta.RESTScopeNamespace)
	client := &Client{Mapper: mapper}
	objects, err := Decode([]byte(`{apiVersion: v1, kind: Service, metadata: {name: one}}
---
{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: two}}
---
{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {name: three}}
`))
	if err != nil {
		t.Fatal(err)
	}
	err = client.resolveKinds(objects[1:])
	if err == nil || !strings.Contains(err.Error(), "/two") || !strings.Contains(err.Error(), "/three") {
		t.Errorf("got %v, want both", err)
	}
}

func TestChanges(t *testing.T) {
	object := func(version, status, replicas string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": "one", "resourceVersion": version},
			"spec":     map[string]any{"replicas": replicas}, "status": status,
		}}
	}
	tests := map[string]struct {
		before, after *unstructured.Unstructured
		want          Change
	}{
		"there was none":                    {nil, object("1", "", "1"), Created},
		"only its status changed meanwhile": {object("1", "old", "1"), object("2", "new", "1"), Unchanged},
		"it is another":                     {object("1", "", "1"), object("2", "", "2"), Configured},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := changeOf(test.before, test.after); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestUnified(t *testing.T) {
	tests := map[string]struct {
		live, next string
		want       []string
	}{
		"a change":   {"a: 1\nb: 2\n", "a: 1\nb: 3\n", []string{"--- live/service/one", "+++ next/service/one", " a: 1\n-b: 2\n+b: 3\n"}},
		"a creation": {"", "a: 1\n", []string{"@@ -0,0 +1 @@\n+a: 1\n"}},
		"a deletion": {"a: 1\n", "", []string{"@@ -1 +0,0 @@\n-a: 1\n"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Difference{Reference{"v1", "Service", "there", "one"}, test.live, test.next}.Unified()
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in:\n%s", want, got)
				}
			}
		})
	}
}

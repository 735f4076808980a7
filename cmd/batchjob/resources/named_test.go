package resources

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// The executions, the oldest first.
func namedExecutions() []*v1alpha1.Execution {
	var all []*v1alpha1.Execution
	for n, e := range []struct {
		name, definition, id string
		phase                v1alpha1.ExecutionPhase
	}{
		{"disk-a", "disk", "20261128120005", v1alpha1.Closed},
		{"disk-b", "disk", "20261128120001", v1alpha1.Closed},
		{"disk-c", "disk", "", v1alpha1.Rejected},
		{"dns-a", "dns", "20261128120002", v1alpha1.Closed},
		{"dns-b", "dns", "", v1alpha1.Queued},
		{"dns-c", "dns", "", ""},
		{"etcd-a", "etcd", "20261128120004", v1alpha1.Open},
		{"etcd-b", "etcd", "", v1alpha1.Queued},
		{"own-a", "own", "20261128120003", v1alpha1.Closed},
	} {
		all = append(all, &v1alpha1.Execution{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: e.name, CreationTimestamp: metav1.NewTime(time.Date(2026, 11, 28, 12, n, 0, 0, time.UTC))},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: e.definition, Trigger: v1alpha1.ManualTrigger},
			Status:     v1alpha1.ExecutionStatus{Phase: e.phase, ExecutionID: v1alpha1.ExecutionID(e.id)},
		})
	}
	return all
}

func TestNamed(t *testing.T) {
	tests := map[string]struct {
		name, namespace string
		want            string // the Execution
		wantDefinition  string
		wantErr         []string
	}{
		"an execution":                           {name: "disk-a", want: "disk-a"},
		"an ID":                                  {name: "20261128120002", want: "dns-a"},
		"the latest has the highest ID":          {name: "latest", want: "disk-a"},
		"a definition whose newest was rejected": {name: "disk", want: "disk-b", wantDefinition: "disk"},
		"a definition of which two wait":         {name: "dns", want: "dns-b", wantDefinition: "dns"},
		"a definition of which one is open":      {name: "etcd", want: "etcd-a", wantDefinition: "etcd"},
		"a definition without an object":         {name: "own", want: "own-a", wantDefinition: "own"},
		"a definition without an execution":      {name: "new", wantDefinition: "new"},
		"nothing": {name: "dusk", wantErr: []string{`there is no execution and no nodecronjob "dusk" in namespace checks`,
			"the newest executions are: own-a (Closed)", "the nodecronjobs are: disk, new"}},
		"nothing at all":         {name: "disk", namespace: "other", wantErr: []string{`no nodecronjob "disk" in namespace other`}},
		"no latest":              {name: "latest", namespace: "other", wantErr: []string{"no execution in namespace other has been opened"}},
		"an ID that there isn't": {name: "20261128120009", wantErr: []string{`"20261128120009"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var objects []runtime.Object
			for _, e := range namedExecutions() {
				objects = append(objects, e)
			}
			for _, d := range []string{"disk", "new"} {
				objects = append(objects, &v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: d}})
			}
			api, err := fake.New(objects...)
			if err != nil {
				t.Fatal(err)
			}
			c := &Client{Namespace: "checks", API: api, Kube: kubefake.NewClientset()}
			if test.namespace != "" {
				c.Namespace = test.namespace
			}
			got, err := c.Named(t.Context(), test.name)
			if (err != nil) != (len(test.wantErr) > 0) {
				t.Fatalf("got %v", err)
			}
			for _, want := range test.wantErr {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			found := ""
			if got.Execution != nil {
				found = got.Execution.Name
			}
			if found != test.want || got.Definition != test.wantDefinition {
				t.Errorf("got %q of %q, want %q of %q", found, got.Definition, test.want, test.wantDefinition)
			}
		})
	}
}

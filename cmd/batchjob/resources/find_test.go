package resources

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// newClient returns a client of a cluster with some definitions, executions and nodes.
func newClient(t *testing.T, namespace string) (*Client, *fake.Client, *kubefake.Clientset) {
	t.Helper()
	var objects []runtime.Object
	for _, d := range []struct{ namespace, name string }{{"checks", "dns-check"}, {"checks", "disk-check"}, {"other", "etcd-check"}} {
		objects = append(objects, &v1alpha1.NodeCronJob{
			ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: d.name}, Spec: v1alpha1.NodeCronJobSpec{CronExpression: "@daily"},
		})
	}
	first := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for n := range 2 {
		objects = append(objects, &v1alpha1.Execution{
			ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: fmt.Sprintf("disk-check-%d", n), CreationTimestamp: metav1.NewTime(first.Add(time.Duration(n) * time.Hour))},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "disk-check", Trigger: v1alpha1.CronTrigger},
			Status: v1alpha1.ExecutionStatus{
				Phase: v1alpha1.Closed, ExecutionID: v1alpha1.ExecutionID(fmt.Sprintf("2026112812000%d", n)), Counts: &v1alpha1.NodeCounts{Nodes: 3, OK: 2, Bad: 1, Failed: 1},
			},
		})
	}
	api, err := fake.New(objects...)
	if err != nil {
		t.Fatal(err)
	}
	kube := kubefake.NewClientset()
	return &Client{Namespace: namespace, API: api, Kube: kube}, api, kube
}

func definitionNamed(name string) func(context.Context, *Client) (string, error) {
	return func(ctx context.Context, c *Client) (string, error) {
		found, err := c.Definition(ctx, name)
		if err != nil {
			return "", err
		}
		return found.Name, nil
	}
}

func executionNamed(name string) func(context.Context, *Client) (string, error) {
	return func(ctx context.Context, c *Client) (string, error) {
		found, err := c.Execution(ctx, name)
		if err != nil {
			return "", err
		}
		return found.Name, nil
	}
}

func TestFind(t *testing.T) {
	tests := map[string]struct {
		namespace string
		find      func(context.Context, *Client) (string, error)
		noLists   bool // the user may list nothing
		want      string
		wantErr   string
	}{
		"a definition":                         {namespace: "checks", find: definitionNamed("disk-check"), want: "disk-check"},
		"none, but others":                     {namespace: "checks", find: definitionNamed("disk"), wantErr: `nodecronjob "disk" not found in namespace checks; there are: disk-check, dns-check`},
		"none, but elsewhere":                  {namespace: "empty", find: definitionNamed("disk"), wantErr: `nodecronjob "disk" not found in namespace empty, which has none; choose a namespace with -n: checks/disk-check, checks/dns-check, other/etcd-check`},
		"none, and others cannot be listed":    {namespace: "checks", find: definitionNamed("disk"), noLists: true, wantErr: `nodecronjob "disk" not found in namespace checks`},
		"an execution":                         {namespace: "checks", find: executionNamed("disk-check-0"), want: "disk-check-0"},
		"an execution by its ID":               {namespace: "checks", find: executionNamed("20261128120001"), want: "disk-check-1"},
		"no execution, but others":             {namespace: "checks", find: executionNamed("disk"), wantErr: `execution "disk" not found in namespace checks; the newest are: disk-check-1 (Closed), disk-check-0 (Closed)`},
		"no execution of this ID":              {namespace: "checks", find: executionNamed("20261128120002"), wantErr: `execution "20261128120002" not found in namespace checks; the newest are: disk-check-1 (Closed), disk-check-0 (Closed)`},
		"no execution at all":                  {namespace: "other", find: executionNamed("disk"), wantErr: `execution "disk" not found in namespace other, which has none`},
		"no execution, and none can be listed": {namespace: "checks", find: executionNamed("disk"), noLists: true, wantErr: `execution "disk" not found in namespace checks`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, api, _ := newClient(t, test.namespace)
			if test.noLists {
				api.PrependReactor("list", "*", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
			}
			got, err := test.find(t.Context(), c)
			gotErr := ""
			if err != nil {
				gotErr = err.Error()
			}
			if got != test.want || gotErr != test.wantErr {
				t.Errorf("got %q, %q\nwant %q, %q", got, gotErr, test.want, test.wantErr)
			}
		})
	}
}

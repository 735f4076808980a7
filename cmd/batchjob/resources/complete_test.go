package resources

import (
	"errors"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestComplete(t *testing.T) {
	all := func(*v1alpha1.Execution) bool { return true }
	tests := map[string]struct {
		complete   func(Connector) cobra.CompletionFunc
		args       []string
		toComplete string
		want       []string
	}{
		"definitions": {
			complete: func(c Connector) cobra.CompletionFunc { return c.CompleteDefinitions(nil) },
			want:     []string{"disk-check\t@daily", "dns-check\t@daily"},
		},
		"definitions that begin so": {
			complete:   func(c Connector) cobra.CompletionFunc { return c.CompleteDefinitions(nil) },
			toComplete: "dn", want: []string{"dns-check\t@daily"},
		},
		"definitions that are offered": {
			complete: func(c Connector) cobra.CompletionFunc {
				return c.CompleteDefinitions(func(d *v1alpha1.NodeCronJob) bool { return d.Name == "dns-check" })
			},
			want: []string{"dns-check\t@daily"},
		},
		"only the first argument": {
			complete: func(c Connector) cobra.CompletionFunc { return c.CompleteDefinitions(nil) }, args: []string{"disk-check"},
		},
		"executions, newest first": {
			complete: func(c Connector) cobra.CompletionFunc { return c.CompleteExecutions(all) },
			want:     []string{"disk-check-1\tClosed, 1 bad", "disk-check-0\tClosed, 1 bad"},
		},
		"the last of some nodes": {
			complete:   func(c Connector) cobra.CompletionFunc { return c.CompleteNodes },
			toComplete: "a,worker-", want: []string{"a,worker-1", "a,worker-2"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client, _, kube := newClient(t, "checks")
			for _, node := range []string{"control-1", "worker-1", "worker-2"} {
				if err := kube.Tracker().Add(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}); err != nil {
					t.Fatal(err)
				}
			}
			cmd := &cobra.Command{}
			cmd.SetContext(t.Context())
			got, directive := test.complete(func() (*Client, error) { return client, nil })(cmd, test.args, test.toComplete)
			if !slices.Equal(got, test.want) || directive&cobra.ShellCompDirectiveNoFileComp == 0 {
				t.Errorf("got %q and %d, want %q", got, directive, test.want)
			}
		})
	}
}

// An error would be among the names.
func TestNothingCompletesWithoutACluster(t *testing.T) {
	client, api, _ := newClient(t, "checks")
	api.PrependReactor("list", "nodecronjobs", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("no") })
	for name, connect := range map[string]Connector{
		"no kubeconfig": func() (*Client, error) { return nil, errors.New("no kubeconfig") },
		"no permission": func() (*Client, error) { return client, nil },
	} {
		t.Run(name, func(t *testing.T) {
			cmd := &cobra.Command{}
			cmd.SetContext(t.Context())
			if got, directive := connect.CompleteDefinitions(nil)(cmd, nil, ""); len(got) > 0 || directive != cobra.ShellCompDirectiveNoFileComp {
				t.Errorf("got %q and %d", got, directive)
			}
		})
	}
}

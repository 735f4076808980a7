package resources

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
)

// The fake clients return the errors that a real one makes of the answers of API servers.
func TestAnswersOfAPIServers(t *testing.T) {
	definitions := func(namespace string) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { _, _, err := c.Definitions(ctx, namespace); return err }
	}
	executions := func(namespace string) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error { _, _, err := c.Executions(ctx, namespace); return err }
	}
	tests := map[string]struct {
		answer  http.HandlerFunc // nil: no API server
		list    func(context.Context, *Client) error
		wantErr string
	}{
		"the custom resources are not installed": {
			answer: http.NotFound, list: definitions("checks"),
			wantErr: "the cluster does not know nodecronjobs.batch-job-controller.io: its custom resource definition is not installed",
		},
		"the user may not": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"executions.batch-job-controller.io is forbidden: User \"jane\" cannot list resource \"executions\" in API group \"batch-job-controller.io\" in the namespace \"checks\"","reason":"Forbidden","code":403}`)) // the test fails without it
			},
			list:    executions("checks"),
			wantErr: "missing permission: verb list on resource executions.batch-job-controller.io in namespace checks (to check: kubectl auth can-i list executions.batch-job-controller.io -n checks): ",
		},
		"there is no API server": {list: definitions(metav1.NamespaceAll), wantErr: "list nodecronjobs.batch-job-controller.io: the cluster does not respond: "},
	}
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, agent := "http://127.0.0.1:1", ""
			if test.answer != nil {
				answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					agent = r.UserAgent()
					test.answer(w, r)
				}))
				defer answers.Close()
				server = answers.URL
			}
			tool := cli.NewTool("kubectl batchjob", genericiooptions.NewTestIOStreamsDiscard())
			*tool.Flags.APIServer, *tool.Flags.Namespace = server, "checks"
			client, err := Connect(tool)
			if err != nil {
				t.Fatal(err)
			}
			err = test.list(t.Context(), client)
			if err == nil || !strings.HasPrefix(err.Error(), test.wantErr) {
				t.Errorf("got %v, want %q", err, test.wantErr)
			}
			if test.answer != nil && !strings.HasPrefix(agent, "kubectl-batchjob/") {
				t.Errorf("got the user agent %q", agent)
			}
		})
	}
}

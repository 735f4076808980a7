package steer

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
)

// The fake clients return the errors that a real one makes of the answers of API servers.
func TestAnswersOfAPIServers(t *testing.T) {
	tests := map[string]struct {
		answer  http.HandlerFunc // nil: no API server
		args    []string
		wantErr string
	}{
		"the custom resources are not installed": {
			answer: http.NotFound, args: []string{"list"},
			wantErr: "the cluster does not know nodecronjobs.batch-job-controller.io: its custom resource definition is not installed",
		},
		"the user may not": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"executions.batch-job-controller.io is forbidden: User \"jane\" cannot list resource \"executions\" in API group \"batch-job-controller.io\" in the namespace \"checks\"","reason":"Forbidden","code":403}`)) // the test fails without it
			},
			args:    []string{"executions"},
			wantErr: "missing permission: verb list on resource executions.batch-job-controller.io in namespace checks (to check: kubectl auth can-i list executions.batch-job-controller.io -n checks): ",
		},
		"there is no API server": {args: []string{"list", "-A"}, wantErr: "list nodecronjobs.batch-job-controller.io: the cluster does not respond: "},
	}
	t.Setenv("KUBECONFIG", kubeconfig(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			args, agent := test.args, ""
			if test.answer != nil {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					agent = r.UserAgent()
					test.answer(w, r)
				}))
				defer server.Close()
				args = append(args, "--server", server.URL)
			}
			streams, _, _, _ := genericiooptions.NewTestIOStreams()
			tool := cli.NewTool("kubectl batchjob", streams)
			root := &cobra.Command{SilenceErrors: true, SilenceUsage: true}
			tool.Flags.AddFlags(root.PersistentFlags())
			root.AddCommand(Commands(tool)...)
			root.SetArgs(args)
			err := root.ExecuteContext(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), test.wantErr) {
				t.Errorf("got %v, want %q", err, test.wantErr)
			}
			if test.answer != nil && !strings.HasPrefix(agent, "kubectl-batchjob/") {
				t.Errorf("got the user agent %q", agent)
			}
		})
	}
}

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// built is a cluster that has its own kubectl.
type built struct{ provider.Provider }

func (built) Kubeconfig() string  { return "/clusters/e2e/kubeconfig" }
func (built) Kubectl() string     { return "/clusters/e2e/kubectl" }
func (built) StopCommand() string { return "make cluster-down" }

// What the demonstration ends with is all that most people read of it.
func TestTheClosingTextSaysWhatToDoNext(t *testing.T) {
	began := time.Date(2026, 11, 28, 3, 42, 0, 0, time.UTC)
	d := &demonstration{
		provider:   built{},
		controller: &deploy.Controller{Namespace: "checks", Name: "check", Deployment: "controller"},
		report: execution.Report{ID: "20261128034200", Tasks: []execution.TaskReport{
			{Node: "worker-1", State: execution.Succeeded, Started: began, DurationMS: 2000},
			{Node: "worker-2", State: execution.Failed, Reason: "Error"},
		}},
		results: map[string]string{"worker-1": `disk_free{path="/"} 42`},
		ports:   forwarded{"http://127.0.0.1:18080", "http://127.0.0.1:19153"},
		bad:     "worker-2",
		failed:  "flaky-x7k2p",
		listed:  "NAME                                        SCHEDULE\nnodecronjob.batch-job-controller.io/flaky   @hourly\n",
	}
	t.Setenv(provider.Variable, "builtin")
	t.Setenv(provider.ClusterVariable, "")
	tests := map[string][]string{
		"the nodes, and what they reported": {
			"NODE      STATE           DURATION  RESULTS\n",
			"worker-1  succeeded       2s        disk_free{path=\"/\"} 42\n",
			"worker-2  failed (Error)  -         -\n",
		},
		"the definition that fails, and both as kubectl lists them": {"failed on worker-2:\n\n" + d.listed},
		"how to steer, with the kubeconfig and the namespace": {
			"export KUBECONFIG=/clusters/e2e/kubeconfig:\n",
			"  kubectl batchjob -n checks status flaky ",
			"  kubectl batchjob -n checks run flaky --wait ",
			// Without a name, it would have to choose between those of two definitions.
			"  kubectl batchjob -n checks rerun flaky-x7k2p --wait ",
			"  kubectl batchjob -n checks cancel EXECUTION ",
			"  /clusters/e2e/kubectl -n checks get ncj ",
		},
		"where to look": {
			"  reports   http://127.0.0.1:18080/20261128034200/\n", "  metrics   http://127.0.0.1:19153/metrics\n",
			"/clusters/e2e/kubectl -n checks get jobs -L ", "/clusters/e2e/kubectl -n checks get events\n",
		},
		"how to run it again, and to stop it": {"Run it again:  E2E_PROVIDER=builtin make demo\n", "Stop it:       make cluster-down\n"},
	}
	t.Setenv("PATH", t.TempDir()) // without kubectl
	var out strings.Builder
	d.print(&out)
	for name, wants := range tests {
		t.Run(name, func(t *testing.T) {
			rest := out.String()
			for _, want := range wants {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("no %q, or not in its place, in\n%s", want, out.String())
				}
				rest = after
			}
		})
	}
}

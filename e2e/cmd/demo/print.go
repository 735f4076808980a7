package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	"text/tabwriter"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// print shows the results, and where to look next.
func (d *demonstration) print(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tSTATE\tDURATION\tRESULTS")
	for _, task := range d.report.Tasks {
		state := string(task.State)
		if task.Reason != "" {
			state += " (" + string(task.Reason) + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", task.Node, state, duration(task), cmp.Or(d.results[task.Node], "-"))
	}
	_ = table.Flush()
	fmt.Fprintf(out, `
The second definition, a NodeCronJob, failed on %s:

%s
Act on it, with bin/kubectl-batchjob of make build in your PATH, after export KUBECONFIG=%s:
  kubectl batchjob -n %[4]s status flaky               which nodes are bad, and why
  kubectl batchjob -n %[4]s run flaky --wait           run it on all nodes
  kubectl batchjob -n %[4]s rerun %[6]s --wait   run it on the bad nodes only
  kubectl batchjob -n %[4]s cancel EXECUTION           end one early, with a report
  %[5]s -n %[4]s get ncj                               how each definition is doing
`, d.bad, d.listed, d.provider.Kubeconfig(), d.controller.Namespace, d.kubectl(), d.failed)
	fmt.Fprintf(out, `
Look at it:
  reports   %s/%s/
  metrics   %s/metrics
  Jobs      export KUBECONFIG=%s
            %s -n %s get jobs -L %s
  events    %s -n %s get events

Run it again:  %s
Stop it:       %s
`,
		d.ports.reports, d.report.ID, d.ports.metrics,
		d.provider.Kubeconfig(), d.kubectl(), d.controller.Namespace, jobspec.NodeLabel,
		d.kubectl(), d.controller.Namespace, again(), d.provider.StopCommand())
}

// again returns the command that runs the demo on the same cluster.
func again() string {
	words := ""
	for _, variable := range []string{provider.Variable, provider.ClusterVariable} {
		if value := os.Getenv(variable); value != "" {
			words += variable + "=" + value + " "
		}
	}
	return words + "make demo"
}

// kubectl returns the kubectl in PATH, or the cluster's own.
func (d *demonstration) kubectl() string {
	if _, err := exec.LookPath("kubectl"); err == nil {
		return "kubectl"
	}
	return d.provider.Kubectl()
}

package validate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// maxFindings keeps a file that is not a configuration from flooding the terminal.
const maxFindings = 100

// WriteFindings writes a line for each finding, and their numbers.
func (r *Result) WriteFindings(w io.Writer) {
	problems := 0
	for i, f := range r.Findings {
		if i < maxFindings {
			fmt.Fprintln(w, f)
		}
		if !f.Warning {
			problems++
		}
	}
	if more := len(r.Findings) - maxFindings; more > 0 {
		fmt.Fprintf(w, "and %d more\n", more)
	}
	if problems > 0 {
		fmt.Fprintf(w, "invalid: %s, %s\n", count(problems, "problem"), count(len(r.Findings)-problems, "warning"))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// timeFormat has the offset, because a local time may occur twice.
const timeFormat = "Mon 2006-01-02 15:04:05 -07:00"

// WriteSummary writes a summary of a valid configuration.
func (r *Result) WriteSummary(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is valid", r.Config.Name)
	if n := len(r.Findings); n > 0 {
		fmt.Fprintf(&b, ", with %s", count(n, "warning"))
	}
	if !r.Config.HasDefinition {
		fmt.Fprint(&b, ".\n\nIt has no definition: NodeCronJobs say what runs.\n")
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, ".\n\nIt runs on %s: %d at once.\n", r.nodes(), r.atOnce())
	if r.narrowed != "" {
		fmt.Fprintf(&b, "The pod template rules out other nodes by %s: they get no node task, and are not failures.\n", r.narrowed)
	}
	b.WriteString(r.results() + "\n")
	if r.Share > 0 {
		fmt.Fprintf(&b, "A volume of %s holds %s if each node sends at most %s.\n",
			size(r.Input.Volume), count(r.Config.ReportHistory, "execution"), size(r.Share))
	}
	counted := ""
	if strings.HasPrefix(r.Config.CronExpression, everyPrefix) {
		counted = ", counted from now"
	}
	fmt.Fprintf(&b, "\nThe next executions, by %q in %s%s:\n", r.Config.CronExpression, r.Config.TimeZone, counted)
	for _, at := range r.Times {
		fmt.Fprintf(&b, "  %s\n", at.Format(timeFormat))
	}
	fmt.Fprint(&b, "\nNot checked, because only a cluster knows: the Service, Pod Security, quotas.\n")
	fmt.Fprint(&b, "Add \"-o job\" for the Job of a node, and \"-node NAME\" to choose the node.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// atOnce returns how many node tasks may be in flight.
func (r *Result) atOnce() int {
	if r.Config.MaxPods > 0 {
		return min(r.Config.PodPoolSize, r.Config.MaxPods)
	}
	return r.Config.PodPoolSize
}

// nodes describes the selected nodes.
func (r *Result) nodes() string {
	text := "all nodes that are ready"
	if !r.Config.RunOnUnscheduledNodes {
		text += " and schedulable"
	}
	if r.Input.Nodes > 0 {
		text = count(r.Input.Nodes, "node")
	}
	var labels []string
	for _, key := range slices.Sorted(maps.Keys(r.Config.JobNodeSelector)) {
		labels = append(labels, key+"="+r.Config.JobNodeSelector[key])
	}
	if len(labels) > 0 {
		text += ", with " + strings.Join(labels, ",")
	}
	return text
}

// results says whether a node without a result is good.
func (r *Result) results() string {
	why := fmt.Sprintf("result is %s", r.Config.Result)
	switch {
	case r.Config.Result != config.ResultByGauges:
	case r.Config.ResultOptional():
		why = "no gauges are configured"
	default:
		why = "gauges are configured"
	}
	if r.Config.ResultOptional() {
		return "No result is expected, as " + why + ": a node is good if its pod succeeds."
	}
	return "A result is expected, as " + why + ": a node without a result is unreported, and needs attention."
}

// WriteJob writes the Job of the node as YAML.
func (r *Result) WriteJob(w io.Writer) error {
	if r.Job == nil {
		return fmt.Errorf("%s has no definition, and so no Job", r.Config.Name)
	}
	text, err := yaml.Marshal(r.Job)
	if err != nil {
		return fmt.Errorf("write the Job of node %s: %w", r.Input.Node, err)
	}
	_, err = w.Write(text)
	return err
}

package watch

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/forward"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/pods"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// selection is which executions status shows.
type selection struct {
	id          execution.ID        // of the one that is shown; empty: the newest
	definition  string              // whose executions they are; empty: of all
	several     bool                // definitions
	waiting     *v1alpha1.Execution // that is shown, and has not been opened; nil: none
	definitions []v1alpha1.NodeCronJob
}

// choose returns what the name on the command line means.
func (o *statusOptions) choose(ctx context.Context, i *cluster.Installation) (s selection, err error) {
	if s.definitions, err = i.Definitions(ctx); err != nil {
		return s, err
	}
	s.several = i.HasSeveral(s.definitions)
	switch {
	case o.name == "" || (o.name == resources.Latest && !s.several):
		return s, nil
	case isID(o.name):
		s.id = execution.ID(o.name)
		return s, nil
	}
	named, err := clientOf(i).Named(ctx, o.name)
	if err != nil {
		return s, err
	}
	switch {
	case named.Definition != "":
		s.definition = named.Definition
	case progress.IDOf(named.Execution) == "":
		s.waiting = named.Execution
	default:
		s.id = progress.IDOf(named.Execution)
	}
	return s, nil
}

// showDefinitions prints the schedule of the only definition, or all definitions.
func showDefinitions(to io.Writer, i *cluster.Installation, s selection, now time.Time) error {
	if i.HasOwn(s.definitions) && (s.definition == "" || s.definition == i.Config.Name) {
		fmt.Fprintf(to, "schedule:   %s\n", scheduleText(i.Config, i.LastTick, now))
	}
	shown := s.definitions
	if s.definition != "" {
		shown = slices.DeleteFunc(slices.Clone(shown), func(d v1alpha1.NodeCronJob) bool { return d.Name != s.definition })
	}
	if len(shown) == 1 {
		fmt.Fprintf(to, "schedule:   %s\n", scheduleOf(&shown[0], now))
		return nil
	}
	if len(shown) == 0 {
		return nil
	}
	fmt.Fprintln(to)
	rows := make([]runtime.Object, 0, len(shown))
	for n := range shown {
		rows = append(rows, &shown[n])
	}
	return printing.Table(to, now, false, rows...)
}

// scheduleOf is the schedule of a NodeCronJob as text.
func scheduleOf(d *v1alpha1.NodeCronJob, now time.Time) string {
	of := definitionOf(d)
	text := scheduleText(of.Config, of.lastTick, now)
	if d.Spec.Suspend {
		text += "; suspended: ticks are skipped"
	}
	return text
}

// selectExecutions returns the newest executions, or the given one if it is older,
// with the progress of open ones.
func selectExecutions(ctx context.Context, i *cluster.Installation, s selection) ([]progress.Execution, error) {
	records, err := i.Records(ctx)
	if err != nil {
		return nil, err
	}
	if s.definition != "" {
		records = slices.DeleteFunc(records, func(r cluster.RecordName) bool { return r.NodeCronJob != s.definition })
	}
	isAsked := func(r cluster.RecordName) bool { return r.ID == s.id }
	shown := newestOf(records)
	if s.several {
		shown = withEach(records, shown)
	}
	if s.id != "" && !slices.ContainsFunc(shown, isAsked) {
		shown = slices.DeleteFunc(records, func(r cluster.RecordName) bool { return !isAsked(r) })
	}
	executions, err := i.Executions(ctx, shown...)
	if err != nil {
		return nil, err
	}
	if s.id != "" && !slices.ContainsFunc(executions, func(e progress.Execution) bool { return e.ID == s.id }) {
		return nil, i.NoRecord(i.Record(s.id))
	}
	o := pods.Poller{Installation: i}
	for n, e := range executions {
		if !e.Closed() && e.Unreadable == "" {
			if executions[n], err = o.Poll(ctx, e, time.Now()); err != nil {
				return nil, err
			}
		}
	}
	return executions, nil
}

// newestOf returns the newest records, and the first of those whose label is not an
// ID, which may be as new.
func newestOf(records []cluster.RecordName) []cluster.RecordName {
	odd := 0
	for odd < len(records) && records[odd].ID == "" {
		odd++
	}
	named := records[odd:]
	return slices.Concat(records[:min(odd, listedExecutions)], named[max(0, len(named)-listedExecutions):])
}

// withEach adds the newest record of each definition.
func withEach(records, shown []cluster.RecordName) []cluster.RecordName {
	newest := map[string]cluster.RecordName{}
	for _, r := range records {
		newest[r.NodeCronJob] = r
	}
	return slices.DeleteFunc(slices.Clone(records), func(r cluster.RecordName) bool {
		return newest[r.NodeCronJob] != r && !slices.Contains(shown, r)
	})
}

// shownExecutions returns the given execution, or the newest: with several definitions, that
// of each.
func shownExecutions(executions []progress.Execution, s selection) (shown []progress.Execution) {
	if at := slices.IndexFunc(executions, func(e progress.Execution) bool { return s.id != "" && e.ID == s.id }); at >= 0 {
		return executions[at : at+1]
	}
	if !s.several || s.definition != "" {
		return executions[len(executions)-1:]
	}
	seen := map[string]bool{}
	for _, e := range slices.Backward(executions) {
		if !seen[e.NodeCronJob] {
			shown = append(shown, e)
		}
		seen[e.NodeCronJob] = true
	}
	return shown
}

// shownText lists the nodes to check of some executions, and says what to do next.
func shownText(name string, i *cluster.Installation, services []corev1.Service, shown []progress.Execution) string {
	if len(shown) == 1 {
		return nodesTable(shown[0]) + afterExecution(name, i, services, shown[0])
	}
	var text strings.Builder
	var logs strings.Builder
	var newest progress.Execution
	for _, e := range shown {
		text.WriteString(nodesTable(e))
		if len(e.Bad) > 0 {
			logs.WriteString(logsText(i, e))
		}
		if e.ID > newest.ID {
			newest = e
		}
	}
	return text.String() + "\n" + logs.String() + forward.Results(i, services, newest)
}

// exitStatusOfAll returns the exit status for the newest executions: bad nodes count more than
// a record that cannot be read, and a cancel is nothing to look at.
func exitStatusOfAll(shown []progress.Execution) error {
	var unreadable error
	for _, e := range shown {
		switch {
		case e.Unreadable != "":
			unreadable = exitStatusOf(e)
		case len(e.Bad)+len(e.Stuck) > 0:
			return exitStatusOf(e)
		}
	}
	return unreadable
}

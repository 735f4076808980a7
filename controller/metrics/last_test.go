package metrics_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const last = "batch_job_controller_last_execution_"

// lastReport has a node of each kind.
func lastReport() execution.Report {
	return execution.Report{ID: "20261005120000", Tasks: []execution.TaskReport{
		{Node: "good", State: execution.Succeeded, Reported: true},
		{Node: "silent", State: execution.Succeeded},
		{Node: "bad", State: execution.Failed, Reason: "OOMKilled", Reported: true},
		{Node: "odd", State: execution.Failed, Reason: "exit status 1"},
		{Node: "gone", State: execution.Lost, Reason: execution.NodeGone},
		{Node: "cordoned", State: execution.Skipped, Reason: execution.NodeUnschedulable},
		{Node: "unreached", State: execution.Canceled, Reason: execution.NotStarted},
	}}
}

func TestTheLastExecutionNamesItsNodes(t *testing.T) {
	m, registry := newMetrics()
	if got := scrape(t, registry, last); got != "" {
		t.Errorf("before any execution has closed: %s", got)
	}
	m.SetLastReport(lastReport())
	older := lastReport()
	older.ID, older.Tasks = "20261005110000", older.Tasks[:1]
	m.SetLastReport(older)

	want := last + `bad_node{node="bad",nodecronjob="check",outcome="failed",reason="OOMKilled"} 1
` + last + `bad_node{node="gone",nodecronjob="check",outcome="lost",reason="NodeGone"} 1
` + last + `bad_node{node="odd",nodecronjob="check",outcome="failed",reason="Other"} 1
` + last + `bad_node{node="silent",nodecronjob="check",outcome="unreported",reason=""} 1
` + last + `id{nodecronjob="check"} 2.026100512e+13
` + last + `nodes{nodecronjob="check",outcome="canceled"} 1
` + last + `nodes{nodecronjob="check",outcome="failed"} 2
` + last + `nodes{nodecronjob="check",outcome="lost"} 1
` + last + `nodes{nodecronjob="check",outcome="skipped"} 1
` + last + `nodes{nodecronjob="check",outcome="succeeded"} 1
` + last + `nodes{nodecronjob="check",outcome="unreported"} 1
`
	if got := scrape(t, registry, last); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	m.Forget()
	if got := scrape(t, registry, last); got != "" {
		t.Errorf("once it is forgotten: %s", got)
	}
	m.SetLastReport(older)
	if got := scrape(t, registry, last+`nodes{nodecronjob="check",outcome="succeeded"`); !strings.HasSuffix(got, " 1\n") {
		t.Errorf("an older one is not taken once a newer one is forgotten: %q", got)
	}
}

func TestTheNodesThatAreNamedAreBounded(t *testing.T) {
	m, registry := newMetrics()
	report := execution.Report{ID: "20261005120000"}
	for i := range 250 {
		report.Tasks = append(report.Tasks, execution.TaskReport{Node: fmt.Sprintf("node-%d", i), State: execution.Failed, Reason: execution.JobTimeout})
	}
	m.SetLastReport(report)
	if named := strings.Count(scrape(t, registry, last+"bad_node"), "\n"); named != 100 {
		t.Errorf("%d nodes are named, want 100", named)
	}
	if got := scrape(t, registry, last+`nodes{nodecronjob="check",outcome="failed"}`); !strings.HasSuffix(got, " 250\n") {
		t.Errorf("all of them are to be counted: %q", got)
	}
}

// A report is a file, and files get damaged.
func TestANodeThatIsInTheReportTwiceDoesNotSpoilTheScrape(t *testing.T) {
	m, registry := newMetrics()
	report := lastReport()
	report.Tasks = append(report.Tasks, execution.TaskReport{Node: "bad", State: execution.Failed, Reason: "OOMKilled"})
	m.SetLastReport(report)
	if got := scrape(t, registry, last+`bad_node{node="bad",nodecronjob="check"`); strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

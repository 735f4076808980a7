package intake_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// counted is Metrics that keep what they count.
type counted map[string]int

func (c counted) ResultStored(definition string, samples int) { c["stored "+definition] += samples }
func (c counted) StoreError(operation string)                 { c[operation]++ }
func (c counted) SeriesDropped(n int)                         { c["dropped"] += n }

// process is the part of a process that this package exports with. The disk outlives it.
type process struct {
	t        *testing.T
	store    *report.Store
	registry *prometheus.Registry
	exports  *metrics.Exports
	results  *intake.Results
	counted  counted
	log      *strings.Builder
	closed   []string // reports that Rebuild has found, with their definitions
}

// start begins a process with the definitions disk, which is that of the ConfigMap, and net.
func start(t *testing.T, disk *memdisk.Disk) *process {
	t.Helper()
	store, err := report.Open(disk, report.Options{})
	testkit.Must(t, err)
	p := &process{t: t, store: store, registry: prometheus.NewRegistry(), exports: metrics.NewExports(0), counted: counted{}, log: &strings.Builder{}}
	for _, name := range []string{"disk", "net"} {
		p.exports.Set(name, metrics.ResultOptions{Prefix: name, Latest: true, Gauges: []metrics.Gauge{{Name: "now"}}})
	}
	p.registry.MustRegister(p.exports)
	p.results = intake.NewResults(intake.ResultsOptions{
		Store: store, Exports: p.exports, Default: "disk", Metrics: p.counted, Log: slog.New(slog.NewTextHandler(p.log, nil)),
	})
	return p
}

// rebuild does what a new leader does. The executions of the plans are open.
func (p *process) rebuild(open ...execution.Plan) *process {
	p.t.Helper()
	var records []record.Record
	for _, plan := range open {
		records = append(records, record.Record{Plan: plan})
	}
	p.results.Rebuild(records, p.note)
	for _, plan := range open {
		p.results.Begin(plan)
	}
	return p
}

func (p *process) note(r execution.Report) {
	p.closed = append(p.closed, r.NodeCronJob+" "+string(r.ID))
}

// begin adopts an execution.
func (p *process) begin(plan execution.Plan) {
	p.t.Helper()
	testkit.Must(p.t, p.store.Begin(plan.ID, plan.About(false)))
	p.results.Begin(plan)
}

// end stores a result of each node, and closes the execution.
func (p *process) end(plan execution.Plan, gauge string) {
	p.t.Helper()
	closed := execution.Report{ID: plan.ID, NodeCronJob: plan.NodeCronJob, Partial: plan.Partial}
	for i, node := range plan.NodeNames() {
		key := execution.Key{Execution: plan.ID, Node: node}
		p.result(key, fmt.Sprintf(`{%q:[{"value":%d}]}`, gauge, i))
		p.results.SetTask(key, 1000, false)
		closed.Tasks = append(closed.Tasks, execution.TaskReport{Node: node, State: execution.Succeeded, Reported: true, DurationMS: 1000})
	}
	testkit.Must(p.t, p.store.SaveReport(closed))
}

func (p *process) result(key execution.Key, body string) {
	p.t.Helper()
	samples, err := p.exports.DecodeStored(key, []byte(body))
	testkit.Must(p.t, err)
	testkit.Must(p.t, p.store.CreateResult(key, []byte(body)))
	p.results.Set(key, samples)
}

func (p *process) scrape() string {
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return answer.Body.String()
}

func planOf(definition string, at int, nodes ...string) execution.Plan {
	p := execution.Plan{
		ID: execution.NewID(time.Date(2026, 11, 30, 3, at, 0, 0, time.UTC)), NodeCronJob: definition,
		Settings: execution.Settings{Intake: &execution.Intake{Gauges: []execution.Gauge{{Name: "then"}}}},
	}
	for _, node := range nodes {
		p.Nodes = append(p.Nodes, execution.Node{Name: node})
	}
	return p
}

// A new leader reads no plan of a closed execution. Its metrics are those of the leader
// before, although the gauges have changed since.
func TestAfterARestartTheMetricsAreTheSame(t *testing.T) {
	disk := memdisk.New()
	p := start(t, disk)
	older, newer, other, open := planOf("disk", 1, "a", "b"), planOf("disk", 2, "b"), planOf("net", 3, "a"), planOf("net", 5, "a", "c")
	some := planOf("disk", 4, "a")
	some.Partial = true
	for _, plan := range []execution.Plan{older, newer, other, some} {
		p.begin(plan)
		p.end(plan, "then")
	}
	p.begin(open)
	p.result(execution.Key{Execution: open.ID, Node: "c"}, `{"then":[{"value":7}]}`)
	want := p.scrape()

	p = start(t, disk).rebuild(open)
	if diff := cmp.Diff(want, p.scrape()); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"disk_pods 1\n", "disk_current_execution_id 2.02611300302e+13\n", "net_pods 2\n"} {
		if !strings.Contains(want, line) {
			t.Errorf("no %s", line)
		}
	}
	wantClosed := []string{"disk " + string(older.ID), "disk " + string(newer.ID), "net " + string(other.ID), "disk " + string(some.ID)}
	if diff := cmp.Diff(wantClosed, p.closed); diff != "" {
		t.Error(diff)
	}
	if len(p.counted) > 0 {
		t.Errorf("counted: %v", p.counted)
	}
	// The same replica leads again.
	if diff := cmp.Diff(want, p.rebuild(open).scrape()); diff != "" {
		t.Errorf("in the next term: %s", diff)
	}
	p.results.Forget()
	if got := p.scrape(); strings.Contains(got, "executionID") || strings.Contains(got, "_pods ") {
		t.Errorf("a standby exports %s", got)
	}
}

func TestWhatTheDirectoryDoesNotSay(t *testing.T) {
	plan := planOf("net", 1, "a")
	name := string(plan.ID) + "/.about.json"
	damage := func(t *testing.T, disk *memdisk.Disk) {
		t.Helper()
		f, err := disk.Create("damaged")
		testkit.Must(t, err)
		_, err = f.Write([]byte(`{"nodeCronJob":"n`))
		testkit.Must(t, errors.Join(err, f.Close(), disk.Rename("damaged", name)))
	}
	for title, test := range map[string]struct {
		gauge  string // of the results
		report string // the definition in the report
		change func(*testing.T, *memdisk.Disk)

		want        []string
		wantCounted counted
		wantLog     string
	}{
		"an execution from before belongs to the ConfigMap's definition, with the gauges of now": {
			gauge: "now", change: func(t *testing.T, disk *memdisk.Disk) { testkit.Must(t, disk.Remove(name)) },
			want: []string{"disk_now", "disk_processing"},
		},
		"the report says whose it is": {
			gauge: "now", report: "net", change: func(t *testing.T, disk *memdisk.Disk) { testkit.Must(t, disk.Remove(name)) },
			want: []string{"net_now", "net_processing"},
		},
		"it is damaged": {
			gauge: "then", report: "net", change: damage, wantCounted: counted{"about": 1}, wantLog: "level=ERROR",
			want: []string{"net_processing"}, // its gauge is not known
		},
		"it is damaged, and the report does not know": {
			gauge: "now", change: damage, wantCounted: counted{"about": 1}, wantLog: `execution=20261130030100 error=".about.json of report 20261130030100`,
			want: []string{"disk_now", "disk_processing"},
		},
		"it is intact": {gauge: "then", want: []string{"net_processing", "net_then"}},
	} {
		t.Run(title, func(t *testing.T) {
			disk := memdisk.New()
			p := start(t, disk)
			p.begin(plan)
			testkit.Must(t, p.store.CreateResult(execution.Key{Execution: plan.ID, Node: "a"}, []byte(`{"`+test.gauge+`":[{"value":1}]}`)))
			testkit.Must(t, p.store.SaveReport(execution.Report{ID: plan.ID, NodeCronJob: test.report, Tasks: []execution.TaskReport{
				{Node: "a", State: execution.Succeeded, Reported: true},
			}}))
			if test.change != nil {
				test.change(t, disk)
			}
			p = start(t, disk).rebuild()
			got := map[string]bool{}
			for line := range strings.Lines(p.scrape()) {
				if metric, labels, _ := strings.Cut(line, "{"); strings.Contains(labels, string(plan.ID)) && !strings.HasSuffix(metric, "_duration") {
					got[metric] = true
				}
			}
			if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.wantCounted, p.counted); len(test.wantCounted)+len(p.counted) > 0 && diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(p.log.String(), test.wantLog) || (test.wantLog == "" && p.log.String() != "") {
				t.Errorf("log %s, want %q in it", p.log, test.wantLog)
			}
		})
	}
}

func TestAnOpenExecutionWhoseDirectoryHasNothing(t *testing.T) {
	disk := memdisk.New()
	testkit.Must(t, disk.Mkdir("20261130030100"))
	plan := planOf("net", 1, "a")
	p := start(t, disk).rebuild(plan)
	if got := p.scrape(); !strings.Contains(got, "net_pods 1\n") || strings.Contains(got, "disk_current") || len(p.counted) > 0 {
		t.Errorf("counted %v:\n%s", p.counted, got)
	}
}

// The reports of a definition outlive it, its series do not. They come back with it.
func TestADefinitionThatIsGoneAndComesAgain(t *testing.T) {
	disk := memdisk.New()
	p := start(t, disk)
	plan, other := planOf("net", 1, "a"), planOf("disk", 2, "a")
	for _, plan := range []execution.Plan{plan, other} {
		p.begin(plan)
		p.end(plan, "then")
	}
	want := p.scrape()

	p = start(t, disk)
	p.exports.Remove("net")
	p.rebuild()
	if got := p.scrape(); strings.Contains(got, "net_") || !strings.Contains(got, "disk_then{") {
		t.Errorf("while it is gone: %s", got)
	}
	p.exports.Set("net", metrics.ResultOptions{Prefix: "net", Latest: true, Gauges: []metrics.Gauge{{Name: "now"}}})
	p.closed = nil
	p.results.Restore("net", p.note)
	if diff := cmp.Diff(want, p.scrape()); diff != "" {
		t.Error(diff)
	}
	if want := []string{"net " + string(plan.ID)}; !slices.Equal(p.closed, want) {
		t.Errorf("closed %q, want %q", p.closed, want)
	}
}

func TestLosses(t *testing.T) {
	disk := memdisk.New()
	p := start(t, disk)
	plan := planOf("disk", 1, "a", "b", "c")
	p.begin(plan)
	p.end(plan, "then")
	for _, node := range []string{"a", "b"} {
		testkit.Must(t, disk.Remove(string(plan.ID)+"/"+node+".json"))
	}
	testkit.Must(t, p.store.CreateResult(execution.Key{Execution: plan.ID, Node: "b"}, []byte("{")))
	p = start(t, disk).rebuild()
	l := p.results.Losses(closedRecord(plan))
	if l == nil {
		t.Fatal("nothing is lost")
	}
	want := "execution " + string(plan.ID) + ": the results of 1 nodes are gone from the report directory, and count as not sent in the report and the metrics: a; " +
		"the results of 1 nodes cannot be read, and are not exported: b. The record stays as it was when the execution closed"
	if diff := cmp.Diff(want, l.String()); diff != "" || l.About.Name != "check-1" {
		t.Errorf("about %s: %s", l.About.Name, diff)
	}
	never := planOf("disk", 2, "a")
	if l := p.results.Losses(closedRecord(never)); l == nil || !strings.Contains(l.String(), "and so is the report: a.") {
		t.Errorf("of an execution without a directory: %v", l)
	}
}

// closedRecord returns the record of an execution that succeeded.
func closedRecord(p execution.Plan) record.Record {
	object := &v1alpha1.Execution{}
	object.Name = "check-1"
	var all execution.Indexes
	for i := range p.Nodes {
		all.Add(i)
	}
	account := execution.Account{Phase: execution.Closed, Outcomes: map[execution.Outcome]execution.Indexes{{State: execution.Succeeded}: all}}
	return record.Record{Plan: p, Account: account, Object: object}
}

package metrics_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	second = execution.ID("20260102030406")
	third  = execution.ID("20260102030407")
)

// scrape returns /metrics as text, or some of its lines.
func scrape(t *testing.T, g prometheus.Gatherer, prefixes ...string) string {
	t.Helper()
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(g, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	all := answer.Body.String()
	if answer.Code != http.StatusOK {
		t.Fatal(all)
	}
	if prefixes == nil {
		return all
	}
	var lines []string
	for line := range strings.Lines(all) {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(line, p) }) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func register(t *testing.T, r *metrics.Results) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(r); err != nil {
		t.Fatal(err)
	}
	return registry
}

func key(id execution.ID, node string) execution.Key {
	return execution.Key{Execution: id, Node: node}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update writes it):\n%s", name, diff)
	}
}

func TestWhatDashboardsKnow(t *testing.T) {
	r := newResults()
	r.Begin(first)
	r.SetPods(3)
	r.SetTask(key(first, "node1"), 1500, false)
	r.SetTask(key(first, "node2"), 0, true)
	samples, err := decode(r, []byte(`{"test":[{"value":1.0,"labels":{"label_a":"AAA","label_b":"BBB"}},{"value":2.554,"labels":{"label_a":"AAA2"}}],"plain":[{"value":-1e21}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.SetResult(key(first, "node1"), samples)
	golden(t, "results.txt", scrape(t, register(t, r)))
}

func TestNothingIsKnownBeforeTheFirstExecution(t *testing.T) {
	got := scrape(t, register(t, newResults()), "foo_")
	if got != "" {
		t.Errorf("got %s", got)
	}
}

func TestTheLatestOfEachNode(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(*metrics.Results)
		want string
	}{
		"is that of its newest execution": {
			func(r *metrics.Results) {
				r.SetResult(key(second, "n"), plain(2))
				r.SetResult(key(first, "n"), plain(1))
			},
			`foo_plain{executionID="20260102030405",node="n"} 1
foo_plain{executionID="20260102030406",node="n"} 2
foo_plain{executionID="latest",node="n"} 2
`,
		},
		"stays when a node does not report": {
			func(r *metrics.Results) {
				r.SetResult(key(first, "n"), plain(1))
				r.SetTask(key(first, "n"), 10, false)
				r.SetTask(key(second, "n"), 20, true)
			},
			`foo_duration{executionID="20260102030405",node="n"} 10
foo_duration{executionID="20260102030406",node="n"} 20
foo_duration{executionID="latest",node="n"} 20
foo_plain{executionID="20260102030405",node="n"} 1
foo_plain{executionID="latest",node="n"} 1
`,
		},
		"goes back when its execution is dropped": {
			func(r *metrics.Results) {
				r.SetResult(key(first, "n"), plain(1))
				r.SetResult(key(second, "n"), plain(2))
				r.Drop(second)
			},
			`foo_plain{executionID="20260102030405",node="n"} 1
foo_plain{executionID="latest",node="n"} 1
`,
		},
		"stays when the oldest is dropped": {
			func(r *metrics.Results) {
				r.SetResult(key(first, "n"), plain(1))
				r.SetResult(key(second, "n"), plain(2))
				r.Drop(first)
			},
			`foo_plain{executionID="20260102030406",node="n"} 2
foo_plain{executionID="latest",node="n"} 2
`,
		},
		"goes when all are dropped": {
			func(r *metrics.Results) {
				r.SetResult(key(first, "n"), plain(1))
				r.Drop(first)
				r.Drop(first)
			},
			"",
		},
		"is replaced with all its samples": {
			func(r *metrics.Results) {
				r.SetResult(key(first, "n"), metrics.Samples{
					{Gauge: "test", Labels: []string{"x", ""}, Value: 1}, {Gauge: "test", Labels: []string{"y", ""}, Value: 2},
				})
				r.SetResult(key(first, "n"), metrics.Samples{{Gauge: "test", Labels: []string{"z", ""}, Value: 3}})
			},
			`foo_test{executionID="20260102030405",label_a="z",label_b="",node="n"} 3
foo_test{executionID="latest",label_a="z",label_b="",node="n"} 3
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newResults()
			test.do(r)
			got := scrape(t, register(t, r), "foo_plain{", "foo_test{", "foo_duration{")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestThereIsNoLatestUnlessItIsAskedFor(t *testing.T) {
	o := exampleOptions()
	o.Latest = false
	r := metrics.NewResults(o)
	r.SetResult(key(first, "n"), plain(1))
	r.SetTask(key(first, "n"), 10, false)
	if got := scrape(t, register(t, r)); strings.Contains(got, "latest") {
		t.Error(got)
	}
}

func TestTheCurrentExecutionIsTheNewest(t *testing.T) {
	r := newResults()
	for _, id := range []execution.ID{first, third, second} {
		r.Begin(id)
	}
	r.SetPods(0)
	want := "foo_current_execution_id 2.0260102030407e+13\nfoo_pods 0\n"
	if got := scrape(t, register(t, r), "foo_"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSamplesOfAnotherConfigurationDoNotGetIn(t *testing.T) {
	r := newResults()
	r.SetResult(key(first, "n"), metrics.Samples{{Gauge: "gone", Value: 1}})
	if got := scrape(t, register(t, r), "foo_"); got != "" {
		t.Errorf("got %s", got)
	}
	r.SetResult(key(first, "n"), metrics.Samples{{Gauge: "plain", Labels: []string{"one", "more"}, Value: 1}})
	if _, err := register(t, r).Gather(); err == nil {
		t.Error("labels that do not fit are collected")
	}
}

func TestAGaugeThatCannotBeIsAnErrorWhenRegistered(t *testing.T) {
	for name, g := range map[string][]metrics.Gauge{
		"a label that is none": {{Name: "x", Labels: []string{"__x"}}},
		"a name of our own":    {{Name: "processing", Help: "mine"}},
	} {
		r := metrics.NewResults(metrics.ResultOptions{Prefix: "foo", Gauges: g})
		if err := prometheus.NewRegistry().Register(r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The names are those of the predecessor.
func TestOnlyThePredecessorsNamesAreUnusual(t *testing.T) {
	r := newResults()
	r.Begin(first)
	r.SetPods(1)
	r.SetTask(key(first, "n"), 1, false)
	r.SetResult(key(first, "n"), plain(1))
	problems, err := testutil.GatherAndLint(register(t, r))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Metric+": "+p.Text)
	}
	const camel = "label names should be written in 'snake_case' not 'camelCase'"
	want := []string{
		"com_github_bakito_batch_job_controller: " + camel,
		"foo_duration: " + camel,
		"foo_plain: " + camel,
		"foo_processing: " + camel,
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Error(diff)
	}
}

func TestResultsComeAndGoWhileBeingScraped(t *testing.T) {
	r := newResults()
	registry := register(t, r)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 50 {
				id := []execution.ID{first, second, third}[i%3]
				k := key(id, fmt.Sprintf("n%d", n%4))
				r.Begin(id)
				r.SetPods(i)
				r.SetResult(k, plain(float64(i)))
				r.SetTask(k, int64(i), i%2 == 0)
				if i%10 == 9 {
					r.Drop(id)
				}
			}
		})
	}
	for range 4 {
		all.Go(func() {
			for range 10 {
				if _, err := registry.Gather(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkScrape is 1,000 nodes with 5 gauges over 10 executions.
func BenchmarkScrape(b *testing.B) {
	o := metrics.ResultOptions{Prefix: "foo", Latest: true}
	var samples metrics.Samples
	for i := range 5 {
		name := fmt.Sprintf("g%d", i)
		o.Gauges = append(o.Gauges, metrics.Gauge{Name: name})
		samples = append(samples, metrics.Sample{Gauge: name, Value: 1})
	}
	r := metrics.NewResults(o)
	for i := range 10 {
		for n := range 1000 {
			k := key(execution.ID(fmt.Sprintf("202601020304%02d", i)), fmt.Sprintf("n%d", n))
			r.SetResult(k, samples)
			r.SetTask(k, 1, false)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(r)
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestGaugesThatCannotBeExported(t *testing.T) {
	for name, test := range map[string]struct {
		prefix, gauge, want string
	}{
		"one like any other":          {"foo", "leader", ""},
		"one of the controller's own": {"batch_job_controller", "leader", "batch_job_controller_leader"},
		"one of the report directory": {"batch_job_controller", "report_store_healthy", "batch_job_controller_report_store_healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			o := with(metrics.Gauge{Name: test.gauge, Help: "Of a job."})
			o.Prefix = test.prefix
			err := metrics.CheckGauges(o)
			if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

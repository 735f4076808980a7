package metrics_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// with returns the options of the example with other gauges.
func with(gauges ...metrics.Gauge) metrics.ResultOptions {
	o := exampleOptions()
	o.Gauges = gauges
	return o
}

// configurable is a collector in a registry like that of the server.
func configurable(t *testing.T, o metrics.ResultOptions) (*metrics.Results, *prometheus.Registry) {
	t.Helper()
	r, registry := metrics.NewResults(o), prometheus.NewRegistry()
	if err := registry.Register(r); err != nil {
		t.Fatal(err)
	}
	return r, registry
}

func take(t *testing.T, r *metrics.Results, id execution.ID, body string) {
	t.Helper()
	samples, err := r.DecodeStored(key(id, "n"), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetResult(key(id, "n"), samples)
}

func TestAnExecutionKeepsTheGaugesThatItBeganWith(t *testing.T) {
	r, registry := configurable(t, with(metrics.Gauge{Name: "old", Help: "An old one."}, metrics.Gauge{Name: "both", Help: "Before.", Labels: []string{"a"}}))
	r.Begin(first)
	r.Configure(with(metrics.Gauge{Name: "new"}, metrics.Gauge{Name: "both", Help: "After.", Labels: []string{"b", "c"}}))
	take(t, r, first, `{"old":[{"value":1}],"both":[{"value":2,"labels":{"a":"x"}}]}`)
	if _, err := r.DecodeStored(key(first, "n"), []byte(`{"new":[{"value":1}]}`)); err == nil {
		t.Error("a gauge was taken that was not configured when the execution began")
	}
	r.Begin(second)
	take(t, r, second, `{"new":[{"value":3}],"both":[{"value":4,"labels":{"b":"y"}}]}`)
	if _, err := r.DecodeStored(key(second, "n"), []byte(`{"old":[{"value":1}]}`)); err == nil {
		t.Error("a gauge was taken that is not configured any more")
	}
	want := `# HELP foo_both After.
foo_both{a="x",executionID="20260102030405",node="n"} 2
foo_both{b="y",c="",executionID="20260102030406",node="n"} 4
foo_both{b="y",c="",executionID="latest",node="n"} 4
# HELP foo_new 
foo_new{executionID="20260102030406",node="n"} 3
foo_new{executionID="latest",node="n"} 3
# HELP foo_old An old one.
foo_old{executionID="20260102030405",node="n"} 1
`
	if got := scrape(t, registry, "# HELP foo_both", "foo_both", "# HELP foo_new", "foo_new", "# HELP foo_old", "foo_old"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.Drop(first)
	if got := scrape(t, registry, "foo_old", `foo_both{a=`); got != "" {
		t.Errorf("of an execution that was dropped there is still %s", got)
	}
}

func TestAnExecutionHasGaugesOfItsOwn(t *testing.T) {
	r, registry := configurable(t, with(metrics.Gauge{Name: "both", Help: "Configured."}))
	r.Use(first, []metrics.Gauge{{Name: "both", Help: "Of the record.", Labels: []string{"a"}}, {Name: "own", Help: "Its own."}}, metrics.Limits{Samples: 2})
	r.Begin(first)
	take(t, r, first, `{"both":[{"value":1,"labels":{"a":"x"}}],"own":[{"value":2}]}`)
	if _, err := decode(r, []byte(`{"both":[{"value":1,"labels":{"a":"x"}},{"value":1,"labels":{"a":"y"}}],"own":[{"value":2}]}`)); err == nil {
		t.Error("more samples were taken than its limit")
	}
	r.Begin(second)
	take(t, r, second, `{"both":[{"value":3}]}`)
	want := `# HELP foo_both Configured.
foo_both{executionID="20260102030406",node="n"} 3
foo_both{a="x",executionID="20260102030405",node="n"} 1
# HELP foo_own Its own.
foo_own{executionID="20260102030405",node="n"} 2
`
	got := scrape(t, registry, "# HELP foo_both", "foo_both", "# HELP foo_own", "foo_own")
	if got = strings.Join(withoutLatest(got), ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func withoutLatest(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if !strings.Contains(line, `"latest"`) {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWhatIsNotOfAnExecutionIsConfiguredAtOnce(t *testing.T) {
	r, registry := configurable(t, exampleOptions())
	r.Begin(first)
	take(t, r, first, `{"plain":[{"value":1}]}`)
	o := exampleOptions()
	o.Latest, o.Info.PoolSize, o.Info.Cron = false, 20, "@daily"
	r.Configure(o)
	want := `com_github_bakito_batch_job_controller{cron="@daily",name="example",poolSize="20",prefix="foo",reportHistory="30",version="1.2.3"} 1
foo_plain{executionID="20260102030405",node="n"} 1
`
	if got := scrape(t, registry, "com_github", "foo_plain"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestResultsAreTakenWhileGaugesChange(t *testing.T) {
	r, registry := configurable(t, with(metrics.Gauge{Name: "g", Help: "A."}))
	r.Begin(first)
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 100 {
			r.Configure(with(metrics.Gauge{Name: "g", Help: strings.Repeat("x", 1+i%2), Labels: []string{"a"}[:i%2]}))
		}
	})
	all.Go(func() {
		for range 100 {
			take(t, r, first, `{"g":[{"value":1}]}`)
		}
	})
	all.Go(func() {
		for range 20 {
			scrape(t, registry)
		}
	})
	all.Wait()
	if got := scrape(t, registry, `foo_g{executionID="20260102030405"`); got != "foo_g{executionID=\"20260102030405\",node=\"n\"} 1\n" {
		t.Errorf("got %s", got)
	}
}

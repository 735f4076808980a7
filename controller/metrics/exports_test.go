package metrics_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

const (
	fourth = execution.ID("20260102030408")
	fifth  = execution.ID("20260102030409")
)

func optionsOf(prefix string) metrics.ResultOptions {
	return metrics.ResultOptions{
		Prefix: prefix, Latest: true, Info: metrics.Info{Name: prefix},
		Gauges: []metrics.Gauge{{Name: "test", Help: "A test.", Labels: []string{"label_a"}}},
	}
}

// twoDefinitions exports the definitions disk and net.
func twoDefinitions(t *testing.T, series int) (*metrics.Exports, *prometheus.Registry) {
	t.Helper()
	e := metrics.NewExports(series)
	e.Set("disk", optionsOf("disk"))
	e.Set("net", optionsOf("net"))
	registry := prometheus.NewRegistry()
	registry.MustRegister(e)
	return e, registry
}

// fill exports an execution of two nodes of each definition, and one over some nodes.
func fill(e *metrics.Exports) {
	e.Begin("disk", first, true)
	e.SetPods(first, 2)
	e.SetTask(key(first, "a"), 10, false)
	e.SetResult(key(first, "a"), samples(2))
	e.Begin("net", second, true)
	e.SetPods(second, 5)
	e.SetTask(key(second, "a"), 20, true)
	e.Begin("disk", third, false)
	e.SetTask(key(third, "a"), 30, true)
}

func TestEachDefinitionHasItsMetrics(t *testing.T) {
	e, registry := twoDefinitions(t, 0)
	fill(e)
	want := `disk_current_execution_id 2.0260102030405e+13
disk_duration{executionID="20260102030405",node="a"} 10
disk_duration{executionID="20260102030407",node="a"} 30
disk_duration{executionID="latest",node="a"} 30
disk_pods 2
disk_processing{executionID="20260102030405",node="a"} 0
disk_processing{executionID="20260102030407",node="a"} 1
disk_processing{executionID="latest",node="a"} 1
disk_test{executionID="20260102030405",label_a="0",node="a"} 1
disk_test{executionID="20260102030405",label_a="1",node="a"} 1
disk_test{executionID="latest",label_a="0",node="a"} 1
disk_test{executionID="latest",label_a="1",node="a"} 1
net_current_execution_id 2.0260102030406e+13
net_duration{executionID="20260102030406",node="a"} 20
net_duration{executionID="latest",node="a"} 20
net_pods 5
net_processing{executionID="20260102030406",node="a"} 1
net_processing{executionID="latest",node="a"} 1
`
	if diff := cmp.Diff(want, scrape(t, registry, "disk_", "net_")); diff != "" {
		t.Error(diff)
	}
	if n := strings.Count(scrape(t, registry, "com_github_bakito_batch_job_controller{"), "\n"); n != 2 {
		t.Errorf("%d information metrics, want one for each definition", n)
	}
	for id, want := range map[execution.ID]string{first: "disk", second: "net", third: "disk", fourth: ""} {
		if got, known := e.DefinitionOf(id); got != want || known != (want != "") {
			t.Errorf("%s is of %q, want %q", id, got, want)
		}
	}
}

func TestWhatGoesWithADefinitionOrAnExecution(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(*metrics.Exports)
		want string
	}{
		"a definition is removed": {func(e *metrics.Exports) { e.Remove("disk") }, `net_duration{executionID="20260102030406",node="a"} 20
net_duration{executionID="latest",node="a"} 20
`},
		"both are removed": {func(e *metrics.Exports) { e.Remove("disk"); e.Remove("net"); e.Remove("net") }, ""},
		"one is removed, and comes again": {func(e *metrics.Exports) {
			e.Remove("disk")
			e.Set("disk", optionsOf("disk"))
			e.SetTask(key(first, "a"), 1, false) // it is not known any more
			e.Begin("disk", fourth, true)
			e.SetTask(key(fourth, "a"), 40, false)
			e.Remove("net")
		}, `disk_duration{executionID="20260102030408",node="a"} 40
disk_duration{executionID="latest",node="a"} 40
`},
		"an execution is dropped": {func(e *metrics.Exports) {
			e.Remove("net")
			e.Drop(third)
			e.SetTask(key(third, "a"), 1, false)
		}, `disk_duration{executionID="20260102030405",node="a"} 10
disk_duration{executionID="latest",node="a"} 10
`},
		"others are kept": {func(e *metrics.Exports) { e.Keep([]execution.ID{second, fifth}) }, `net_duration{executionID="20260102030406",node="a"} 20
net_duration{executionID="latest",node="a"} 20
`},
		"none is kept": {func(e *metrics.Exports) { e.Keep(nil) }, ""},
		"one of a definition that is not exported begins": {func(e *metrics.Exports) {
			e.Keep(nil)
			e.Begin("gone", fourth, true)
			e.Use("gone", fourth, nil, metrics.Limits{})
			e.SetPods(fourth, 1)
			e.SetTask(key(fourth, "a"), 1, false)
			e.SetResult(key(fourth, "a"), samples(1))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, registry := twoDefinitions(t, 0)
			fill(e)
			test.do(e)
			if diff := cmp.Diff(test.want, scrape(t, registry, "disk_duration", "net_duration", "gone_")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An execution that this replica has forgotten is another leader's.
func TestAnExecutionThatIsNotKnownTakesNoResult(t *testing.T) {
	e, _ := twoDefinitions(t, 0)
	body := []byte(`{"test":[{"value":1}]}`)
	if _, _, err := e.Merge(key(first, "a"), nil, body, nil); !errors.Is(err, execution.ErrNotLeader) {
		t.Errorf("merge: %v", err)
	}
	if _, err := e.DecodeStored(key(first, "a"), body); !errors.Is(err, execution.ErrNotLeader) {
		t.Errorf("decode: %v", err)
	}
	e.Begin("disk", first, true)
	if merged, _, err := e.Merge(key(first, "a"), nil, body, nil); err != nil || len(merged.Samples) != 1 {
		t.Errorf("once it has begun: %+v, %v", merged, err)
	}
}

// The series of all definitions together are bounded.
func TestWhichExecutionsMakeRoom(t *testing.T) {
	// Each task has two series, and as many of its node's latest.
	set := func(definition string, id execution.ID, node string) func(*metrics.Exports) int {
		return func(e *metrics.Exports) int {
			e.Begin(definition, id, true)
			return e.SetTask(key(id, node), 1, false)
		}
	}
	for name, test := range map[string]struct {
		limit       int
		do          []func(*metrics.Exports) int
		wantDropped int
		want        string // executions and nodes
	}{
		"as many as may be": {
			limit: 8, do: []func(*metrics.Exports) int{set("disk", first, "a"), set("net", second, "a")},
			want: "disk 20260102030405 a, disk latest a, net 20260102030406 a, net latest a",
		},
		"the oldest of any definition goes first": {
			limit: 11, do: []func(*metrics.Exports) int{set("disk", first, "a"), set("net", second, "a"), set("net", third, "a"), set("disk", fourth, "a")},
			wantDropped: 2, want: "disk 20260102030408 a, disk latest a, net 20260102030406 a, net 20260102030407 a, net latest a",
		},
		"the newest of a definition goes after the others": {
			limit: 11, do: []func(*metrics.Exports) int{set("disk", first, "a"), set("net", second, "a"), set("net", third, "a"), set("net", fourth, "a")},
			wantDropped: 2, want: "disk 20260102030405 a, disk latest a, net 20260102030407 a, net 20260102030408 a, net latest a",
		},
		"the newest of another definition makes room in the end": {
			limit: 10, do: []func(*metrics.Exports) int{set("disk", first, "a"), set("net", second, "a"), set("net", second, "b")},
			wantDropped: 2, want: "disk latest a, net 20260102030406 a, net 20260102030406 b, net latest a, net latest b",
		},
		"one that is late, but its definition's newest, gets room": {
			limit: 9, do: []func(*metrics.Exports) int{set("net", second, "a"), set("net", third, "a"), set("disk", first, "a")},
			wantDropped: 2, want: "disk 20260102030405 a, disk latest a, net 20260102030407 a, net latest a",
		},
		"one that is late, and has a newer one, gets none": {
			limit: 8, do: []func(*metrics.Exports) int{set("disk", second, "a"), set("net", third, "a"), set("disk", first, "a")},
			wantDropped: 2, want: "disk 20260102030406 a, disk latest a, net 20260102030407 a, net latest a",
		},
		"a lower limit applies at once": {
			limit: 20, do: []func(*metrics.Exports) int{
				set("disk", first, "a"), set("net", second, "a"), set("net", third, "a"),
				func(e *metrics.Exports) int { return e.Limit(8) },
			},
			wantDropped: 2, want: "disk 20260102030405 a, disk latest a, net 20260102030407 a, net latest a",
		},
		"what a removed definition had is free": {
			limit: 8, do: []func(*metrics.Exports) int{
				set("disk", first, "a"), set("net", second, "a"),
				func(e *metrics.Exports) int { e.Remove("disk"); return 0 }, set("net", third, "b"),
			},
			want: "net 20260102030406 a, net 20260102030407 b, net latest a, net latest b",
		},
		"a definition without latest leaves room": {
			limit: 8, do: []func(*metrics.Exports) int{
				set("disk", first, "a"), set("net", second, "a"),
				func(e *metrics.Exports) int {
					o := optionsOf("disk")
					o.Latest = false
					return e.Set("disk", o)
				}, set("disk", third, "a"),
			},
			want: "disk 20260102030405 a, disk 20260102030407 a, net 20260102030406 a, net latest a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, registry := twoDefinitions(t, test.limit)
			dropped := 0
			for _, do := range test.do {
				dropped += do(e)
			}
			if dropped != test.wantDropped {
				t.Errorf("%d series were dropped, want %d", dropped, test.wantDropped)
			}
			var got []string
			for line := range strings.Lines(scrape(t, registry, "disk_duration{", "net_duration{")) {
				prefix, rest, _ := strings.Cut(line, "_duration{executionID=\"")
				id, rest, _ := strings.Cut(rest, `",node="`)
				node, _, _ := strings.Cut(rest, `"`)
				got = append(got, fmt.Sprintf("%s %s %s", prefix, id, node))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if n := countSeries(scrape(t, registry, "disk_duration{", "net_duration{", "disk_processing{", "net_processing{")); n > test.limit {
				t.Errorf("%d series, want at most %d", n, test.limit)
			}
		})
	}
}

// What is exported already gets the other names too, as if it were rebuilt.
func TestADefinitionGetsAnotherPrefix(t *testing.T) {
	e, registry := twoDefinitions(t, 0)
	fill(e)
	other := optionsOf("other")
	other.Gauges[0].Help = "Another test."
	e.Set("disk", other)
	fresh, freshRegistry := metrics.NewExports(0), prometheus.NewRegistry()
	fresh.Set("disk", other)
	fresh.Set("net", optionsOf("net"))
	freshRegistry.MustRegister(fresh)
	fill(fresh)
	if diff := cmp.Diff(scrape(t, freshRegistry), scrape(t, registry)); diff != "" {
		t.Error(diff)
	}
	if got := scrape(t, registry, "disk_", "# HELP disk_"); got != "" {
		t.Errorf("with the former prefix: %s", got)
	}
}

func TestAnExportThatIsScrapedWhileItChanges(t *testing.T) {
	e, registry := twoDefinitions(t, 50)
	var all sync.WaitGroup
	for i, definition := range []string{"disk", "net"} {
		all.Go(func() {
			for n := range 200 {
				id := execution.ID(fmt.Sprintf("2026010203%02d%02d", i, n%60))
				e.Begin(definition, id, true)
				e.SetResult(key(id, fmt.Sprint(n)), samples(n%5))
				e.SetTask(key(id, fmt.Sprint(n)), 1, false)
				if n%20 == 19 {
					e.Drop(id)
					e.Set(definition, optionsOf(definition+strings.Repeat("x", n%3)))
				}
				if n%50 == 49 {
					e.Remove(definition)
					e.Set(definition, optionsOf(definition))
				}
			}
		})
	}
	for range 50 {
		if n := countSeries(scrape(t, registry, "disk", "net")); n > 50+4 {
			t.Fatalf("%d series, want at most 50 and two for each definition", n)
		}
	}
	all.Wait()
}

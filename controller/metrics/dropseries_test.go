package metrics_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

func limitedTo(series int) *metrics.Results {
	return metrics.NewResults(metrics.ResultOptions{
		Prefix: "foo", Latest: true, Limits: metrics.Limits{Series: series},
		Gauges: []metrics.Gauge{{Name: "test", Labels: []string{"label_a"}}},
	})
}

// A scrape never has more series than the limit, of whatever kind they are.
func TestTheLimitBoundsAllSeries(t *testing.T) {
	const most = 1000
	for name, test := range map[string]struct {
		nodes, history, samples int
	}{
		"node tasks without results": {nodes: 400, history: 30},
		"results":                    {nodes: 10, history: 30, samples: 20},
		"more nodes than fit":        {nodes: 2000, history: 3, samples: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := limitedTo(most)
			registry := register(t, r)
			dropped, set := 0, 0
			for h := range test.history {
				id := execution.NewID(time.Date(2026, 11, 1+h, 3, 42, 0, 0, time.UTC))
				r.Begin(id)
				for i := range test.nodes {
					k := key(id, fmt.Sprintf("node-%d", i))
					dropped += r.SetTask(k, 1234, false)
					set += 2
					if test.samples > 0 {
						dropped += r.SetResult(k, samples(test.samples))
						set += test.samples
					}
				}
				got := countSeries(scrape(t, registry, "foo_processing{", "foo_duration{", "foo_test{"))
				if got > most {
					t.Fatalf("%d series after %d executions, want at most %d", got, h+1, most)
				}
				ofNewest := strings.Count(scrape(t, registry, "foo_processing{"), fmt.Sprintf("executionID=%q", id))
				if want := min(test.nodes, most/4); ofNewest < want/2 {
					t.Errorf("%d nodes of the newest execution are shown after %d executions", ofNewest, h+1)
				}
			}
			if dropped == 0 || dropped > set+most {
				t.Errorf("%d of %d series are counted as dropped", dropped, set)
			}
		})
	}
}

func countSeries(text string) int { return strings.Count(text, "\n") }

func TestOlderExecutionsGiveWayAndTheLatestStays(t *testing.T) {
	const all = "foo_"
	for name, test := range map[string]struct {
		limit       int
		do          func(*metrics.Results) (dropped int)
		wantDropped int
		want        string
	}{
		"how node tasks went counts": {
			limit: 8,
			do: func(r *metrics.Results) int {
				return r.SetTask(key(first, "n"), 1, false) + r.SetTask(key(second, "n"), 2, false) + r.SetTask(key(third, "n"), 3, true)
			},
			want: `foo_duration{executionID="20260102030405",node="n"} 1
foo_duration{executionID="20260102030406",node="n"} 2
foo_duration{executionID="20260102030407",node="n"} 3
foo_duration{executionID="latest",node="n"} 3
`,
		},
		"the oldest goes first": {
			limit: 7,
			do: func(r *metrics.Results) int {
				return r.SetTask(key(first, "n"), 1, false) + r.SetTask(key(second, "n"), 2, false) + r.SetTask(key(third, "n"), 3, true)
			},
			wantDropped: 2,
			want: `foo_duration{executionID="20260102030406",node="n"} 2
foo_duration{executionID="20260102030407",node="n"} 3
foo_duration{executionID="latest",node="n"} 3
`,
		},
		"the latest of a node outlives its execution": {
			limit: 8,
			do: func(r *metrics.Results) int {
				return r.SetTask(key(first, "gone"), 1, false) + r.SetTask(key(second, "n"), 2, false) + r.SetTask(key(third, "n"), 3, true)
			},
			wantDropped: 2,
			want: `foo_duration{executionID="20260102030406",node="n"} 2
foo_duration{executionID="20260102030407",node="n"} 3
foo_duration{executionID="latest",node="gone"} 1
foo_duration{executionID="latest",node="n"} 3
`,
		},
		"and goes with its report": {
			limit: 8,
			do: func(r *metrics.Results) int {
				n := r.SetTask(key(first, "gone"), 1, false) + r.SetTask(key(second, "n"), 2, false) + r.SetTask(key(third, "n"), 3, true)
				r.Drop(first)
				return n
			},
			wantDropped: 2,
			want: `foo_duration{executionID="20260102030406",node="n"} 2
foo_duration{executionID="20260102030407",node="n"} 3
foo_duration{executionID="latest",node="n"} 3
`,
		},
		"of the newest execution the first come first": {
			limit: 6,
			do: func(r *metrics.Results) int {
				return r.SetTask(key(first, "a"), 1, false) + r.SetTask(key(first, "b"), 2, false) + r.SetResult(key(first, "a"), samples(1))
			},
			wantDropped: 2,
			want: `foo_duration{executionID="20260102030405",node="a"} 1
foo_duration{executionID="latest",node="a"} 1
foo_test{executionID="20260102030405",label_a="0",node="a"} 1
foo_test{executionID="latest",label_a="0",node="a"} 1
`,
		},
		"a lower limit applies at once": {
			limit: 8,
			do: func(r *metrics.Results) int {
				n := r.SetTask(key(first, "n"), 1, false) + r.SetTask(key(second, "n"), 2, false) + r.SetTask(key(third, "n"), 3, true)
				return n + r.Configure(metrics.ResultOptions{Prefix: "foo", Latest: true, Limits: metrics.Limits{Series: 4}})
			},
			wantDropped: 4,
			want: `foo_duration{executionID="20260102030407",node="n"} 3
foo_duration{executionID="latest",node="n"} 3
`,
		},
		"also one that not even the newest execution fits": {
			limit: 8,
			do: func(r *metrics.Results) int {
				n := r.SetTask(key(first, "n"), 1, false)
				return n + r.Configure(metrics.ResultOptions{Prefix: "foo", Latest: true, Limits: metrics.Limits{Series: 1}})
			},
			wantDropped: 4,
		},
		"without a latest there is more room": {
			limit: 4,
			do: func(r *metrics.Results) int {
				n := r.SetTask(key(first, "n"), 1, false)
				n += r.Configure(metrics.ResultOptions{Prefix: "foo", Limits: metrics.Limits{Series: 4}})
				return n + r.SetTask(key(second, "n"), 2, false)
			},
			want: `foo_duration{executionID="20260102030405",node="n"} 1
foo_duration{executionID="20260102030406",node="n"} 2
`,
		},
		"a latest that is asked for later is found": {
			limit: 8,
			do: func(r *metrics.Results) int {
				n := r.Configure(metrics.ResultOptions{Prefix: "foo", Limits: metrics.Limits{Series: 8}})
				n += r.SetTask(key(first, "n"), 1, false) + r.SetTask(key(second, "n"), 2, false)
				return n + r.Configure(metrics.ResultOptions{Prefix: "foo", Latest: true, Limits: metrics.Limits{Series: 8}})
			},
			want: `foo_duration{executionID="20260102030405",node="n"} 1
foo_duration{executionID="20260102030406",node="n"} 2
foo_duration{executionID="latest",node="n"} 2
`,
		},
		"an empty result is the latest": {
			limit: 20,
			do: func(r *metrics.Results) int {
				return r.SetResult(key(first, "n"), samples(2)) + r.SetResult(key(second, "n"), metrics.Samples{})
			},
			want: `foo_test{executionID="20260102030405",label_a="0",node="n"} 1
foo_test{executionID="20260102030405",label_a="1",node="n"} 1
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := limitedTo(test.limit)
			if got := test.do(r); got != test.wantDropped {
				t.Errorf("%d series were dropped, want %d", got, test.wantDropped)
			}
			registry := register(t, r)
			got := scrape(t, registry, "foo_duration{", "foo_test{")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if n := countSeries(scrape(t, registry, all)); n > test.limit {
				t.Errorf("%d series, want at most %d", n, test.limit)
			}
		})
	}
}

// The series of the oldest executions are dropped first: operators look at the newest.
func TestTooManySeries(t *testing.T) {
	type set struct {
		id          execution.ID
		node        string
		n           int
		wantDropped int
	}
	for name, test := range map[string]struct {
		sets []set
		drop execution.ID          // after the first
		want map[execution.Key]int // series
	}{
		"as many as may be": {
			sets: []set{{id: first, node: "a", n: 4}, {id: second, node: "a", n: 6}},
			want: map[execution.Key]int{{Execution: first, Node: "a"}: 4, {Execution: second, Node: "a"}: 6},
		},
		"one more: the older execution gives way": {
			sets: []set{{id: first, node: "a", n: 2}, {id: first, node: "b", n: 2}, {id: second, node: "a", n: 7, wantDropped: 4}},
			want: map[execution.Key]int{{Execution: second, Node: "a"}: 7},
		},
		"one more in the only execution is refused": {
			sets: []set{{id: first, node: "a", n: 6}, {id: first, node: "b", n: 5, wantDropped: 5}},
			want: map[execution.Key]int{{Execution: first, Node: "a"}: 6},
		},
		"one that is late makes no newer one give way": {
			sets: []set{{id: second, node: "a", n: 10}, {id: first, node: "a", n: 1, wantDropped: 1}},
			want: map[execution.Key]int{{Execution: second, Node: "a"}: 10},
		},
		"what is replaced does not count": {
			sets: []set{{id: first, node: "a", n: 8}, {id: first, node: "a", n: 10}, {id: first, node: "a", n: 9}, {id: first, node: "b", n: 1}},
			want: map[execution.Key]int{{Execution: first, Node: "a"}: 9, {Execution: first, Node: "b"}: 1},
		},
		"what is dropped does not count": {
			sets: []set{{id: first, node: "a", n: 8}, {id: second, node: "a", n: 9}}, drop: first,
			want: map[execution.Key]int{{Execution: second, Node: "a"}: 9},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := metrics.NewResults(metrics.ResultOptions{
				Prefix: "foo", Limits: metrics.Limits{Series: 10},
				Gauges: []metrics.Gauge{{Name: "test", Labels: []string{"label_a"}}},
			})
			for i, s := range test.sets {
				key := execution.Key{Execution: s.id, Node: s.node}
				if got := r.SetResult(key, samples(s.n)); got != s.wantDropped {
					t.Errorf("%d: %d were dropped, want %d", i, got, s.wantDropped)
				}
				if i == 0 && test.drop != "" {
					r.Drop(test.drop)
				}
			}
			registry := prometheus.NewPedanticRegistry()
			registry.MustRegister(r)
			text := scrape(t, registry)
			for of, n := range test.want {
				got := 0
				for line := range strings.Lines(text) {
					if strings.HasPrefix(line, "foo_test{") && strings.Contains(line, fmt.Sprintf("node=%q", of.Node)) && strings.Contains(line, fmt.Sprintf("executionID=%q", of.Execution)) {
						got++
					}
				}
				if got != n {
					t.Errorf("%v: %d series, want %d", of, got, n)
				}
			}
			all := 0
			for _, n := range test.want {
				all += n
			}
			if got, err := testutil.GatherAndCount(registry, "foo_test"); err != nil || got != all {
				t.Errorf("%d series, want %d, %v", got, all, err)
			}
		})
	}
}

func samples(n int) metrics.Samples {
	var s metrics.Samples
	for i := range n {
		s = append(s, metrics.Sample{Gauge: "test", Labels: []string{fmt.Sprint(i)}, Value: 1})
	}
	return s
}

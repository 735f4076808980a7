package metrics_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

func TestLimitsOfAResult(t *testing.T) {
	for name, test := range map[string]struct {
		limits metrics.Limits
		body   string
		want   execution.Limit // empty: it is taken
	}{
		"as many samples as may be":      {limits: metrics.Limits{Samples: 3}, body: sets(3)},
		"one sample too many":            {limits: metrics.Limits{Samples: 3}, body: sets(4), want: execution.SamplesPerResult},
		"as many label sets as may be":   {limits: metrics.Limits{LabelSets: 3}, body: sets(3)},
		"one label set too many":         {limits: metrics.Limits{LabelSets: 3}, body: sets(4), want: execution.LabelSets},
		"a label as long as may be":      {limits: metrics.Limits{LabelValue: 3}, body: `{"test":[{"value":1,"labels":{"label_a":"abc"}}]}`},
		"a label that is too long":       {limits: metrics.Limits{LabelValue: 3}, body: `{"test":[{"value":1,"labels":{"label_a":"abcd"}}]}`, want: execution.LabelSize},
		"a hundred label sets":           {body: sets(100)},
		"a hundred and one":              {body: sets(101), want: execution.LabelSets},
		"more label sets than were once": {limits: metrics.Limits{LabelSets: 200}, body: sets(101)},
	} {
		t.Run(name, func(t *testing.T) {
			r := metrics.NewResults(metrics.ResultOptions{
				Prefix: "foo", Limits: test.limits,
				Gauges: []metrics.Gauge{{Name: "test", Labels: []string{"label_a"}}},
			})
			_, err := r.Decode([]byte(test.body))
			var invalid *execution.InvalidError
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got %v, want it taken", err)
			case test.want != "" && (!errors.As(err, &invalid) || invalid.Limit != test.want):
				t.Errorf("got %+v, want one of %s", err, test.want)
			}
		})
	}
}

func TestALargerResultIsALimitToo(t *testing.T) {
	const most = 100
	r := metrics.NewResults(metrics.ResultOptions{Prefix: "foo", Limits: metrics.Limits{Body: most}, Gauges: []metrics.Gauge{{Name: "plain"}}})
	fits := value("1") + strings.Repeat(" ", most-len(value("1")))
	if _, err := r.Decode([]byte(fits)); err != nil {
		t.Errorf("%d bytes: %v", most, err)
	}
	if _, err := r.Decode([]byte(fits + " ")); !errors.Is(err, execution.ErrTooLarge) {
		t.Errorf("a byte more: %v", err)
	}
}

// The newest executions are what people look at: the oldest give way.
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

package monitoring

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	for name, test := range map[string]struct {
		expr string
		want []string
	}{
		"a metric alone":                    {`up`, []string{"up"}},
		"one of several replicas":           {`max by (namespace, job) (a_total) == 1`, []string{"a_total"}},
		"labels behind the aggregation":     {`sum(a) by (namespace)`, []string{"a"}},
		"a join":                            {`a * ignoring (node) group_left () b`, []string{"a", "b"}},
		"a join that takes labels over":     {`a * on (pod) group_left (node, x) b`, []string{"a", "b"}},
		"a rate of selected series":         {`rate(a{job="b", c=~"d|e"}[5m])`, []string{"a"}},
		"a variable for the range":          {`rate(a{job="$job"}[$__rate_interval])`, []string{"a"}},
		"quoted braces and quotes":          {`a{b="}", c="\"}"} + d`, []string{"a", "d"}},
		"keywords in capitals":              {`a AND b Unless c`, []string{"a", "b", "c"}},
		"numbers, durations and a modifier": {`a offset 1h > bool 2 * 0.5`, []string{"a"}},
		"a recorded one, twice":             {`job:a:sum > 0 or job:a:sum`, []string{"job:a:sum"}},
		"no metric":                         {`time() - 300`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Names(test.expr); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %q, want %q", test.expr, got, test.want)
			}
		})
	}
}

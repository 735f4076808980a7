package metrics_test

import (
	"errors"
	"strings"
	"testing"

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
			_, err := decode(r, []byte(test.body))
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
	if _, err := decode(r, []byte(fits)); err != nil {
		t.Errorf("%d bytes: %v", most, err)
	}
	if _, err := decode(r, []byte(fits+" ")); !errors.Is(err, execution.ErrTooLarge) {
		t.Errorf("a byte more: %v", err)
	}
}

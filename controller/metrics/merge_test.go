package metrics_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

func TestResultsOfANodeAreMergedBySeries(t *testing.T) {
	const twoLabels = `{"test":[{"value":1,"labels":{"label_a":"x"}},{"value":2,"labels":{"label_b":"x"}}]}`
	for name, test := range map[string]struct {
		stored, body string // none stored if empty
		want         string // the body
		wantSamples  metrics.Samples
		wantBroken   bool
	}{
		"the first result is kept as it was sent": {
			body: ` {"plain": [{"value": 1.0}]}`, want: ` {"plain": [{"value": 1.0}]}`, wantSamples: plain(1),
		},
		"one of another gauge is added": {
			stored: value("1"), body: `{"test":[{"value":2}]}`,
			want:        `{"plain":[{"value":1}],"test":[{"value":2}]}`,
			wantSamples: append(plain(1), metrics.Sample{Gauge: "test", Labels: []string{"", ""}, Value: 2}),
		},
		"one of other labels is added": {
			stored: label(`"x"`), body: label(`"y"`),
			want: `{"test":[{"value":1,"labels":{"label_a":"x"}},{"value":1,"labels":{"label_a":"y"}}]}`,
			wantSamples: metrics.Samples{
				{Gauge: "test", Labels: []string{"x", ""}, Value: 1}, {Gauge: "test", Labels: []string{"y", ""}, Value: 1},
			},
		},
		"the newest value of a series counts": {
			stored: twoLabels, body: `{"test":[{"value":3,"labels":{"label_b":"x"}}]}`,
			want: `{"test":[{"value":1,"labels":{"label_a":"x"}},{"value":3,"labels":{"label_b":"x"}}]}`,
			wantSamples: metrics.Samples{
				{Gauge: "test", Labels: []string{"x", ""}, Value: 1}, {Gauge: "test", Labels: []string{"", "x"}, Value: 3},
			},
		},
		"one that sets all series there are is kept as it was sent": {
			stored: value("1"), body: ` {"plain": [{"value": 2.0}]}`, want: ` {"plain": [{"value": 2.0}]}`, wantSamples: plain(2),
		},
		"the same again changes nothing": {
			stored: `{"plain":[{"value":1}],"test":[{"value":2}]}`, body: value("1"),
			want:        `{"plain":[{"value":1}],"test":[{"value":2}]}`,
			wantSamples: append(plain(1), metrics.Sample{Gauge: "test", Labels: []string{"", ""}, Value: 2}),
		},
		"an empty label is one that is left out": {
			stored: label(`"x"`), body: `{"test":[{"value":2,"labels":{"label_a":"x","label_b":""}}]}`,
			want:        `{"test":[{"value":2,"labels":{"label_a":"x","label_b":""}}]}`,
			wantSamples: metrics.Samples{{Gauge: "test", Labels: []string{"x", ""}, Value: 2}},
		},
		"one without gauges is kept":          {body: `{}`, want: `{}`, wantSamples: metrics.Samples{}},
		"one without gauges leaves the other": {stored: value("1"), body: `{}`, want: value("1"), wantSamples: plain(1)},
		"a gauge comes after none":            {stored: `{}`, body: value("1"), want: value("1"), wantSamples: plain(1)},
		"numbers stay what they are": {
			stored: `{"plain":[{"value":-0}]}`, body: `{"test":[{"value":5e-324}]}`,
			want:        `{"plain":[{"value":-0}],"test":[{"value":5e-324}]}`,
			wantSamples: append(plain(0), metrics.Sample{Gauge: "test", Labels: []string{"", ""}, Value: 5e-324}),
		},
		"one that cannot be read gives way":     {stored: `{"gone":[{"value":1}]}`, body: value("1"), want: value("1"), wantSamples: plain(1), wantBroken: true},
		"one whose file is empty gives way too": {stored: " ", body: value("1"), want: value("1"), wantSamples: plain(1), wantBroken: true},
	} {
		t.Run(name, func(t *testing.T) {
			var stored []byte
			if test.stored != "" {
				stored = []byte(test.stored)
			}
			r := newResults()
			got, unreadable, err := r.Merge(key(first, "n"), stored, []byte(test.body), nil)
			if err != nil || (unreadable != nil) != test.wantBroken {
				t.Fatalf("got %v, %v", unreadable, err)
			}
			if string(got.Body) != test.want {
				t.Errorf("got  %s\nwant %s", got.Body, test.want)
			}
			if diff := cmp.Diff(test.wantSamples, got.Samples); diff != "" {
				t.Error(diff)
			}
			again, err := r.DecodeStored(key(first, "n"), got.Body)
			if err != nil {
				t.Errorf("what is stored cannot be read: %v", err)
			}
			if diff := cmp.Diff(got.Samples, again); diff != "" {
				t.Errorf("what is stored is not what is exported:\n%s", diff)
			}
		})
	}
}

// An operator lowers a limit while results above it are stored. They were acknowledged.
func TestStoredResultAboveALoweredLimit(t *testing.T) {
	const stored = `{"test":[{"value":1,"labels":{"label_a":"xxxx"}},{"value":1,"labels":{"label_a":"y"}}]}`
	for name, limits := range map[string]metrics.Limits{
		"bytes":          {Body: 60},
		"samples":        {Samples: 1},
		"label sets":     {LabelSets: 1},
		"bytes of label": {LabelValue: 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := exampleOptions()
			o.Limits = limits
			r := metrics.NewResults(o)
			if samples, err := r.DecodeStored(key(first, "n"), []byte(stored)); err != nil || len(samples) != 2 {
				t.Errorf("exported %d samples, %v, want 2", len(samples), err)
			}
			got, unreadable, err := r.Merge(key(first, "n"), []byte(stored), []byte(value("1")), nil)
			if unreadable != nil {
				t.Fatalf("the stored result is replaced: %v", unreadable)
			}
			if err == nil && len(got.Samples) != 3 {
				t.Errorf("merged into %d samples, want 3", len(got.Samples))
			}
		})
	}
}

func TestLimitsOfAMergedResult(t *testing.T) {
	const stored = `{"test":[{"value":1,"labels":{"label_a":"x"}},{"value":1,"labels":{"label_a":"y"}}]}`
	for name, test := range map[string]struct {
		limits metrics.Limits
		body   string
		want   execution.Limit // empty: it is taken
	}{
		"as many samples as may be":            {limits: metrics.Limits{Samples: 3}, body: label(`"z"`)},
		"one sample too many":                  {limits: metrics.Limits{Samples: 2}, body: label(`"z"`), want: execution.SamplesPerResult},
		"as many label sets as may be":         {limits: metrics.Limits{LabelSets: 3}, body: label(`"z"`)},
		"one label set too many":               {limits: metrics.Limits{LabelSets: 2}, body: label(`"z"`), want: execution.LabelSets},
		"as many bytes as may be":              {limits: metrics.Limits{Body: 121}, body: label(`"z"`)},
		"one byte too many":                    {limits: metrics.Limits{Body: 120}, body: label(`"z"`), want: execution.ResultSize},
		"as many series as may be":             {limits: metrics.Limits{Series: 5}, body: label(`"z"`)},
		"one series too many for any export":   {limits: metrics.Limits{Series: 4}, body: label(`"z"`), want: execution.Series},
		"what is set again does not count":     {limits: metrics.Limits{Samples: 2, LabelSets: 2, Series: 4}, body: label(`"y"`)},
		"another gauge has label sets as well": {limits: metrics.Limits{LabelSets: 2}, body: value("1")},
	} {
		t.Run(name, func(t *testing.T) {
			o := exampleOptions()
			o.Limits = test.limits
			_, unreadable, err := metrics.NewResults(o).Merge(key(first, "n"), []byte(stored), []byte(test.body), nil)
			if unreadable != nil {
				t.Fatal(unreadable)
			}
			var invalid *execution.InvalidError
			var limit *execution.LimitError
			got := execution.Limit("")
			switch {
			case errors.As(err, &invalid):
				got = invalid.Limit
			case errors.As(err, &limit):
				got = limit.Limit
			}
			if got != test.want || (err != nil) != (test.want != "") {
				t.Errorf("got %v, want the limit %q", err, test.want)
			}
		})
	}
}

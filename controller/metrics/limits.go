package metrics

import (
	"cmp"
	"math"
)

// Limits bound one result, and the exported series of all results. A field that is zero
// has its default.
type Limits struct {
	Body       int64 // bytes of a result; MaxBody
	Samples    int   // of a result; MaxSamples
	LabelSets  int   // of one gauge in a result; MaxLabelSets
	LabelValue int   // bytes; MaxLabelValue
	Series     int   // of all executions and the latest of all nodes; MaxSeries
}

// The defaults of Limits. Each sample becomes a series for as long as the execution is
// kept.
const (
	MaxBody       = 1 << 20 // bytes of JSON
	MaxSamples    = 1000
	MaxLabelSets  = 100 // of one gauge
	MaxLabelValue = 128 // bytes
	MaxSeries     = 200_000
)

// WithDefaults returns the limits with the defaults of fields that are zero.
func (l Limits) WithDefaults() Limits {
	return Limits{
		Body:       cmp.Or(l.Body, MaxBody),
		Samples:    cmp.Or(l.Samples, MaxSamples),
		LabelSets:  cmp.Or(l.LabelSets, MaxLabelSets),
		LabelValue: cmp.Or(l.LabelValue, MaxLabelValue),
		Series:     cmp.Or(l.Series, MaxSeries),
	}
}

// unlimited returns the limits of a result that was accepted before.
func unlimited() Limits {
	return Limits{Body: math.MaxInt64, Samples: math.MaxInt, LabelSets: math.MaxInt, LabelValue: math.MaxInt}
}

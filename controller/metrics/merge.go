package metrics

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Result is what a node has reported in an execution.
type Result struct {
	Samples  Samples
	Body     []byte // the samples as JSON
	New      int    // samples of the body that was merged last
	Redacted int    // credentials in these new samples
}

// Merge checks a result of a node task, and merges it into the stored result, if any: of each
// series the newest value counts. The limits of one result also hold for the merged result, so
// that a node cannot exceed them by sending several.
//
// The result is checked as it was sent, and merged with the credentials in its labels
// redacted. A series that is sent again is therefore the same series.
//
// A body that sets all stored series is stored as it was sent, except for redactions. It
// replaces a stored result that can no longer be decoded; unreadable is that error.
func (r *Results) Merge(key execution.Key, stored, body []byte, redact Redact) (merged Result, unreadable, err error) {
	r.budget.mu.RLock()
	s, most := r.schemaOf(key.Execution), r.budget.most
	r.budget.mu.RUnlock()
	return s.merge(key, stored, body, redact, most)
}

// merge is Results.Merge, with the limit of all series.
func (s *schema) merge(key execution.Key, stored, body []byte, redact Redact, most int) (merged Result, unreadable, err error) {
	sent, err := s.decode(body, identityOf(key), redact, s.limits)
	if err != nil {
		return Result{}, nil, err
	}
	samples := sent.samples
	alone := Result{Samples: samples, Body: sent.stored(), New: len(samples), Redacted: sent.n}
	if stored == nil {
		return alone, nil, checkSeries(samples, most)
	}
	before, err := s.decode(stored, identityOf(key), redact, unlimited())
	if err != nil {
		return alone, err, checkSeries(samples, most)
	}
	all := merge(before.samples, samples)
	if len(all) == len(samples) {
		return alone, nil, checkSeries(samples, most)
	}
	text, err := s.encode(all)
	if err == nil {
		err = s.checkMerged(all, text)
	}
	if err == nil {
		err = checkSeries(all, most)
	}
	return Result{Samples: all, Body: text, New: len(samples), Redacted: sent.n}, nil, err
}

// merge returns the series of both, each at its first position. A series of both has the
// value of later.
func merge(earlier, later Samples) Samples {
	all := make(Samples, 0, len(earlier)+len(later))
	position := make(map[string]int, len(earlier)+len(later))
	for _, samples := range []Samples{earlier, later} {
		for _, sample := range samples {
			series := sample.series()
			if i, known := position[series]; known {
				all[i] = sample
				continue
			}
			position[series] = len(all)
			all = append(all, sample)
		}
	}
	return all
}

// series identifies a sample's series among those of its node.
func (s Sample) series() string {
	return s.Gauge + "\xff" + strings.Join(s.Labels, "\xff") // no name or label has this byte
}

// checkMerged rejects a merged result that exceeds a limit of one result.
func (s *schema) checkMerged(all Samples, text []byte) error {
	const hint = "together with the earlier results of the node in this execution"
	if n := len(all); n > s.limits.Samples {
		return over(execution.SamplesPerResult, "", "%s it has %d samples: must be at most %d", hint, n, s.limits.Samples)
	}
	sets := map[string]int{}
	for _, sample := range all {
		if sets[sample.Gauge]++; sets[sample.Gauge] > s.limits.LabelSets {
			return over(execution.LabelSets, sample.Gauge, "%s it has more than %d label sets: that is the limit of a gauge", hint, s.limits.LabelSets)
		}
	}
	if int64(len(text)) > s.limits.Body {
		return &execution.LimitError{
			Limit: execution.ResultSize, Err: execution.ErrTooLarge,
			Message: fmt.Sprintf("%s it has %d bytes: at most %d (callback.limits.%s)", hint, len(text), s.limits.Body, execution.ResultSize),
		}
	}
	return nil
}

// checkSeries rejects a result that alone exceeds the limit of all series.
func checkSeries(samples Samples, most int) error {
	if len(samples)+ofTask > most {
		return over(execution.Series, "", "has %d samples: too many for the %d series of all results (callback.limits.%s)", len(samples), most, execution.Series)
	}
	return nil
}

// encode is the inverse of decode. It omits empty labels.
func (s *schema) encode(samples Samples) ([]byte, error) {
	type sampleBody struct {
		Value  float64           `json:"value"`
		Labels map[string]string `json:"labels,omitempty"`
	}
	document := map[string][]sampleBody{}
	for _, sample := range samples {
		labels := map[string]string{}
		for i, name := range s.gauges[sample.Gauge].labels {
			if sample.Labels[i] != "" {
				labels[name] = sample.Labels[i]
			}
		}
		document[sample.Gauge] = append(document[sample.Gauge], sampleBody{sample.Value, labels})
	}
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("encode the merged result: %w", err)
	}
	return text, nil
}

package metrics

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const wantDocument = `must be an object of gauges such as {"name": [{"value": 1, "labels": {}}]}`

// DecodeStored decodes the stored result of a node task. It has no limits: it was within
// them when it was accepted, and they may have been lowered since.
func (r *Results) DecodeStored(key execution.Key, body []byte) (Samples, error) {
	r.budget.mu.RLock()
	s := r.schemaOf(key.Execution)
	r.budget.mu.RUnlock()
	return s.decodeStored(key, body)
}

func (s *schema) decodeStored(key execution.Key, body []byte) (Samples, error) {
	d, err := s.decode(body, identityOf(key), nil, unlimited())
	return d.samples, err
}

// identityOf returns the labels that the results of a node task may only have with these
// values.
func identityOf(key execution.Key) map[string]string {
	return map[string]string{labelNode: key.Node, labelExecution: string(key.Execution)}
}

// decode checks the body of a result against the gauges and the limits, and redacts the
// credentials in its labels. It also rejects what encoding/json accepts: duplicate keys,
// other spellings of a key, null for a number, text that is not Unicode. An error is an
// execution.InvalidError, which the pod may see, or wraps execution.ErrTooLarge.
//
// The controller adds the labels node and executionID itself: a sample may have them with
// the values of identity, and decode drops them. A missing configured label is empty. An
// object without gauges is a result that sets none.
func (s *schema) decode(body []byte, identity map[string]string, redact Redact, limits Limits) (*decoder, error) {
	if err := checkText(body, limits.Body); err != nil {
		return &decoder{}, err
	}
	d := &decoder{reader: newReader(body, redact), gauges: s.gauges, limits: limits, identity: identity, samples: Samples{}}
	if err := d.object("", wantDocument, d.gauge); err != nil {
		return &decoder{}, err
	}
	return d, nil
}

// decoder reads one result. It reads no more than the four levels that a result has,
// however deep the body is.
type decoder struct {
	reader
	gauges   map[string]gauge
	limits   Limits
	identity map[string]string // from identityOf
	samples  Samples           // with redacted labels
}

func (d *decoder) gauge(_, name string) error {
	g, ok := d.gauges[name]
	if !ok {
		return d.unknownGauge(name)
	}
	if err := d.bareNumber(name); err != nil {
		return err
	}
	seen := map[string]string{}
	n, err := d.array(name, `must be a list such as [{"value": 1}]`, func(path string) error {
		if len(d.samples) == d.limits.Samples {
			return over(execution.SamplesPerResult, path, "exceeds the limit of %d samples", d.limits.Samples)
		}
		if len(seen) == d.limits.LabelSets {
			return over(execution.LabelSets, path, "exceeds the limit of %d label sets of a gauge", d.limits.LabelSets)
		}
		return d.sample(path, name, g, seen)
	})
	if err == nil && n == 0 {
		err = invalid(name, "must not be empty")
	}
	return err
}

func (d *decoder) sample(path, name string, g gauge, seen map[string]string) error {
	s := Sample{Gauge: name, Labels: make([]string, len(g.labels))}
	sent := make([]string, len(g.labels))
	hasValue := false
	err := d.object(path, `must be an object such as {"value": 1}`, func(path, key string) (err error) {
		switch key {
		case "value":
			hasValue = true
			s.Value, err = d.number(path)
		case "labels":
			err = d.labels(path, g, sent, s.Labels)
		default:
			err = invalid(path, "is unknown: must be value or labels")
		}
		return err
	})
	if err != nil {
		return err
	}
	if !hasValue {
		return invalid(path, "value is missing: must be a number")
	}
	if err := checkSet(path, g, sent, s.Labels, seen); err != nil {
		return err
	}
	d.samples = append(d.samples, s)
	return nil
}

// checkSet rejects a label set that another sample of the gauge has, as sent or after
// redaction: one of two equal sets would be lost. It adds the set to seen, which maps
// stored sets to sent ones.
func checkSet(path string, g gauge, sent, stored []string, seen map[string]string) error {
	const separator = "\xff" // is in no label value, as those are UTF-8
	sentSet, storedSet := strings.Join(sent, separator), strings.Join(stored, separator)
	earlier, duplicate := seen[storedSet]
	seen[storedSet] = sentSet
	switch {
	case !duplicate:
		return nil
	case earlier == sentSet:
		return invalid(path, "has the labels of another sample: must be different%s", fromLabels(g, stored))
	default:
		return invalid(path, "has the labels of another sample after redaction of their credentials: must be different%s", fromLabels(g, stored))
	}
}

// fromLabels returns the end of an error: the labels from which those of a sample must
// differ. It is empty for a sample without labels.
func fromLabels(g gauge, values []string) string {
	var labels []string
	for i, value := range values {
		if value != "" {
			labels = append(labels, g.labels[i]+"="+quote(value))
		}
	}
	if len(labels) == 0 {
		return ""
	}
	return " from " + strings.Join(labels, ", ")
}

func (d *decoder) number(path string) (float64, error) {
	token, err := d.next()
	if err != nil {
		return 0, err
	}
	n, ok := token.(json.Number)
	if !ok {
		return 0, notANumber(path, token)
	}
	value, err := strconv.ParseFloat(n.String(), 64)
	if err != nil {
		return 0, invalid(path, "%s is out of range: must be a number of 64 bits", quote(n.String()))
	}
	return value, nil
}

// labels reads the labels of a sample into sent, and redacted into stored.
func (d *decoder) labels(path string, g gauge, sent, stored []string) error {
	if d.takeNull() { // some languages encode an empty map as null
		return nil
	}
	return d.object(path, `must be an object such as {"name": "value"}`, func(path, name string) error {
		value, err := d.label(path)
		if err != nil {
			return err
		}
		if i := slices.Index(g.labels, name); i >= 0 {
			sent[i], stored[i] = value, d.store(value, d.from, d.json.InputOffset())
			return nil
		}
		return d.unknownLabel(path, name, value, g)
	})
}

// unknownLabel returns the error of a label that the gauge does not have; it names those
// that it has. The labels node and executionID are allowed with their true values.
func (d *decoder) unknownLabel(path, name, value string, g gauge) error {
	if name == labelNode || name == labelExecution {
		if want, ok := d.identity[name]; ok && want != value {
			return invalid(path, "is %s: must be %s, or omitted", d.quote(value), quote(want))
		}
		return nil
	}
	if len(g.labels) == 0 {
		return invalid(path, "is not a configured label: the gauge has none")
	}
	return invalid(path, "is not a configured label: must be one of %s", strings.Join(g.labels, ", "))
}

func (d *decoder) label(path string) (string, error) {
	token, err := d.next()
	if err != nil {
		return "", err
	}
	value, ok := token.(string)
	if !ok {
		return "", notAText(path, token)
	}
	if len(value) > d.limits.LabelValue {
		return "", over(execution.LabelSize, path, "%s is %d bytes long: must be at most %d", d.quote(value), len(value), d.limits.LabelValue)
	}
	if i := strings.IndexFunc(value, isInvisible); i >= 0 {
		return "", invalid(path, "%s has a control or formatting character at byte %d: must be plain text", d.quote(value), i)
	}
	return value, nil
}

// isInvisible reports whether a character can make a text look like another one.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

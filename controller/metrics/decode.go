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

// Decode checks the body of a result against the configured gauges, down to
// what encoding/json lets pass: duplicate keys, other spellings of a key, null
// for a number, text that is not Unicode. An error is an
// execution.InvalidError that the pod may be shown, or wraps
// execution.ErrTooLarge.
//
// The labels node and executionID are known from elsewhere: they may be there,
// and are left out. A configured label that is not there is empty. An object
// without gauges is a result that sets none.
func (r *Results) Decode(body []byte) (Samples, error) {
	r.mu.RLock()
	s := r.current
	r.mu.RUnlock()
	d, err := s.decode(body, nil, nil)
	return d.samples, err
}

// DecodeFor is Decode for a result that came from key: labels that say it came
// from elsewhere are an error.
func (r *Results) DecodeFor(key execution.Key, body []byte) (Samples, error) {
	r.mu.RLock()
	s := r.schemaOf(key.Execution)
	r.mu.RUnlock()
	d, err := s.decode(body, identityOf(key), nil)
	return d.samples, err
}

// identityOf returns the labels that say where a result comes from.
func identityOf(key execution.Key) map[string]string {
	return map[string]string{labelNode: key.Node, labelExecution: string(key.Execution)}
}

// decode reads a body, and redacts what of its labels must not be stored.
func (s *schema) decode(body []byte, identity map[string]string, redact Redact) (*decoder, error) {
	if err := checkText(body, s.limits.Body); err != nil {
		return &decoder{}, err
	}
	d := &decoder{reader: newReader(body, redact), gauges: s.gauges, limits: s.limits, identity: identity, samples: Samples{}}
	if err := d.object("", wantDocument, d.gauge); err != nil {
		return &decoder{}, err
	}
	return d, nil
}

// decoder reads one result. It goes no deeper than the four levels that a
// result has, whatever the body does.
type decoder struct {
	reader
	gauges   map[string]gauge
	limits   Limits
	identity map[string]string // what the labels of that name must be; nil: anything
	samples  Samples           // as they are stored
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

// checkSet refuses labels that another sample of the gauge has, as they were sent
// or as they are stored: of two that become the same, one would be lost. It notes
// them, as they are stored.
func checkSet(path string, g gauge, sent, stored []string, seen map[string]string) error {
	set, as := strings.Join(sent, "\xff"), strings.Join(stored, "\xff") // which no label value holds
	another, there := seen[as]
	seen[as] = set
	switch {
	case !there:
		return nil
	case another == set:
		return invalid(path, "has the labels of another sample: must be different%s", unlike(g, stored))
	default:
		return invalid(path, "has the labels of another sample after redaction of their credentials: must be different%s", unlike(g, stored))
	}
}

// unlike says from which labels those of a sample must differ, unless it has none.
func unlike(g gauge, values []string) string {
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

// labels reads the labels of a sample: as they were sent, and as they are stored.
func (d *decoder) labels(path string, g gauge, sent, stored []string) error {
	if d.takeNull() { // how some languages write that there are none
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
		return d.foreignLabel(path, name, value, g)
	})
}

// foreignLabel checks a label that does not belong to the gauge.
func (d *decoder) foreignLabel(path, name, value string, g gauge) error {
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

// isInvisible is true for what makes text look like other text.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

package deploy

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics are the metrics of one scrape.
type Metrics map[string]*dto.MetricFamily

// Sample is one sample of a metric.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Metrics scrapes the metrics of the controller.
func (c *Controller) Metrics(ctx context.Context) (Metrics, error) {
	body, err := c.Get(ctx, MetricsPort, "/metrics")
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("parse metrics: %w", err)
	}
	return families, nil
}

// Help returns the help text of a metric.
func (m Metrics) Help(name string) string { return m[name].GetHelp() }

// Samples returns the samples of a metric that have the labels, and perhaps others.
func (m Metrics) Samples(name string, labels map[string]string) []Sample {
	var found []Sample
	for _, metric := range m[name].GetMetric() {
		s := Sample{Labels: map[string]string{}, Value: value(metric)}
		for _, pair := range metric.GetLabel() {
			s.Labels[pair.GetName()] = pair.GetValue()
		}
		if contains(s.Labels, labels) {
			found = append(found, s)
		}
	}
	return found
}

// Value returns the only sample of a metric that has exactly the labels.
func (m Metrics) Value(name string, labels map[string]string) (float64, error) {
	for _, s := range m.Samples(name, labels) {
		if len(s.Labels) == len(labels) {
			return s.Value, nil
		}
	}
	return 0, fmt.Errorf("no metric %s%v, only %v", name, labels, m.Samples(name, nil))
}

// Names returns the names of all metrics.
func (m Metrics) Names() []string { return slices.Sorted(maps.Keys(m)) }

func value(metric *dto.Metric) float64 {
	switch {
	case metric.GetGauge() != nil:
		return metric.GetGauge().GetValue()
	case metric.GetCounter() != nil:
		return metric.GetCounter().GetValue()
	default:
		return metric.GetUntyped().GetValue()
	}
}

func contains(all, some map[string]string) bool {
	for name, value := range some {
		if got, ok := all[name]; !ok || got != value {
			return false
		}
	}
	return true
}

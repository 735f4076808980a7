package rig

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Metrics has the value of each series, by its name and labels in the text format.
type Metrics map[string]float64

// ParseMetrics parses the text format as servers write it, without timestamps.
func ParseMetrics(text string) Metrics {
	m := Metrics{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		cut := strings.LastIndexByte(line, ' ')
		if cut < 0 || line[0] == '#' {
			continue
		}
		if value, err := strconv.ParseFloat(line[cut+1:], 64); err == nil {
			m[line[:cut]] = value
		}
	}
	return m
}

// Sum returns the sum of the series with the name and all the labels, each in the form
// name="value".
func (m Metrics) Sum(name string, labels ...string) float64 {
	sum := 0.0
	for series := range m.Of(name, labels...) {
		sum += m[series]
	}
	return sum
}

// Of returns the series with the name and all the labels.
func (m Metrics) Of(name string, labels ...string) Metrics {
	found := maps.Clone(m)
	maps.DeleteFunc(found, func(series string, _ float64) bool {
		its, text, _ := strings.Cut(series, "{")
		return its != name || slices.ContainsFunc(labels, func(label string) bool { return !strings.Contains(text, label) })
	})
	return found
}

package rig

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Metrics holds the value of each series, by its name and labels as they are
// written.
type Metrics map[string]float64

// ParseMetrics reads the text format, as far as servers write it: without
// timestamps.
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

// Sum adds up the series of the name that have all the labels, each written
// as name="value".
func (m Metrics) Sum(name string, labels ...string) float64 {
	sum := 0.0
	for series := range m.Of(name, labels...) {
		sum += m[series]
	}
	return sum
}

// Of returns the series of the name that have all the labels.
func (m Metrics) Of(name string, labels ...string) Metrics {
	found := maps.Clone(m)
	maps.DeleteFunc(found, func(series string, _ float64) bool {
		its, text, _ := strings.Cut(series, "{")
		return its != name || slices.ContainsFunc(labels, func(label string) bool { return !strings.Contains(text, label) })
	})
	return found
}

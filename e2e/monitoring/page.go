package monitoring

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Entry is a metric in docs/metrics.md.
type Entry struct {
	Name   string
	Labels []string
}

// Pending returns the metrics that the page lists before the server has them.
func Pending() []string { return nil }

var entry = regexp.MustCompile("^\\| `([a-zA-Z_<>]+)(?:\\{([^}]*)\\})?` \\|")

// ReadPage returns the metrics in docs/metrics.md: each row of its tables has one.
func ReadPage(path string) ([]Entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	var entries []Entry
	var errs []error
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		match := entry.FindStringSubmatch(line)
		if match == nil {
			errs = append(errs, fmt.Errorf("metrics: a row must begin with one metric, such as | `name{label,label}` |: %s", line))
			continue
		}
		e := Entry{Name: match[1]}
		if match[2] != "" {
			e.Labels = strings.Split(match[2], ",")
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(errs...)
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// readReport reads the report of the execution from its public address.
func (d *demonstration) readReport(ctx context.Context, id execution.ID) error {
	data, err := d.controller.Report(ctx, id, "execution.json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &d.report); err != nil {
		return fmt.Errorf("report of execution %s: %w", id, err)
	}
	d.results = map[string]string{}
	for _, task := range d.report.Tasks {
		if !task.Reported {
			continue
		}
		data, err := d.controller.Report(ctx, id, task.Node+".json")
		if err != nil {
			return err
		}
		if d.results[task.Node], err = inWords(data); err != nil {
			return fmt.Errorf("result of node %s: %w", task.Node, err)
		}
	}
	return nil
}

// inWords formats a result for people: name, labels, value.
func inWords(result []byte) (string, error) {
	var gauges map[string][]struct {
		Value  float64
		Labels map[string]string
	}
	if err := json.Unmarshal(result, &gauges); err != nil {
		return "", err
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(gauges)) {
		for _, sample := range gauges[name] {
			words = append(words, name+labels(sample.Labels)+" "+strconv.FormatFloat(sample.Value, 'g', 6, 64))
		}
	}
	const most = 3
	if len(words) > most {
		words = append(words[:most], fmt.Sprintf("and %d more", len(words)-most))
	}
	return strings.Join(words, ", "), nil
}

func labels(of map[string]string) string {
	if len(of) == 0 {
		return ""
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", name, of[name]))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func duration(task execution.TaskReport) string {
	if task.Started.IsZero() {
		return "-"
	}
	if task.DurationMS == 0 { // Kubernetes has times in seconds
		return "<1s"
	}
	return (time.Duration(task.DurationMS) * time.Millisecond).String()
}

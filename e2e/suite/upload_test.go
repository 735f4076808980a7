//go:build e2e

package suite

import (
	"context"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// uploaded returns a file of the report from the report port.
func (s scenario) uploaded(t *testing.T, ctx context.Context, id execution.ID, file string) string {
	t.Helper()
	data, err := s.Report(ctx, id, file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// uploadedEnvironment returns the output of `env`, which a pod has uploaded.
func (s scenario) uploadedEnvironment(t *testing.T, ctx context.Context, id execution.ID, file string) map[string]string {
	t.Helper()
	variables := map[string]string{}
	for line := range strings.Lines(s.uploaded(t, ctx, id, file)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		variables[name] = value
	}
	return variables
}

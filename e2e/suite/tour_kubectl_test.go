//go:build e2e

package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// testKubectl lists the Jobs as users do.
func testKubectl(t *testing.T, ctx context.Context, tour tour) {
	t.Run("kubectl get jobs shows node and execution of each Job", func(t *testing.T) {
		// The Job controller counts an ended pod after some time.
		eventually(t, ctx, func() error {
			shown := kubectl(t, ctx, "--namespace", tour.namespace, "get", "jobs", "--no-headers",
				"-L", jobspec.NodeLabel, "-L", jobspec.ExecutionLabel, "-L", jobspec.OwnerLabel)
			for _, node := range env.nodes {
				want := []string{"Complete", "1/1", node, string(tour.execution.ID), "tour"}
				if !slices.ContainsFunc(strings.Split(shown, "\n"), func(line string) bool { return showsAll(line, want) }) {
					return fmt.Errorf("no line with %v in\n%s", want, shown)
				}
			}
			return nil
		})
	})
	t.Run("the execution's record owns its Jobs", func(t *testing.T) {
		jobs, err := tour.Jobs(ctx, tour.execution.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) != len(env.nodes) {
			t.Errorf("got %d Jobs, want %d", len(jobs), len(env.nodes))
		}
		for _, job := range jobs {
			if len(job.OwnerReferences) != 1 || job.OwnerReferences[0].UID != tour.execution.Record.UID {
				t.Errorf("Job %s is owned by %v", job.Name, job.OwnerReferences)
			}
		}
	})
}

func showsAll(line string, words []string) bool {
	columns := strings.Fields(line)
	for _, word := range words {
		if !slices.Contains(columns, word) {
			return false
		}
	}
	return true
}

package testbed

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

// applyDefinitions applies the custom resource definitions, and waits until the API server
// serves their kinds.
func (c *Cluster) applyDefinitions(ctx context.Context) error {
	var all strings.Builder
	for _, file := range []string{"crds/node-cron-job.yaml", "crds/execution.yaml"} {
		text, err := fs.ReadFile(kustomize.Files(), file)
		if err != nil {
			return fmt.Errorf("read definition: %w", err)
		}
		fmt.Fprintf(&all, "%s---\n", text)
	}
	if _, err := c.Kubectl(ctx, all.String(), "apply", "-f", "-"); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "", "wait", "--for=condition=Established", "--timeout=60s",
		"crd/nodecronjobs.batch-job-controller.io", "crd/executions.batch-job-controller.io")
	return err
}

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/apiclient"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

// Annotations that define the behavior of a pod on a simulated node.
const (
	// RunForAnnotation is how long the pod runs, such as "500ms". Default: 2s.
	RunForAnnotation = "e2e.batch-job-controller.io/run-for"
	// ExitCodeAnnotation is its exit code. Default: 0.
	ExitCodeAnnotation = "e2e.batch-job-controller.io/exit-code"
)

const creators = 16

// AddSimulatedNodes adds simulated nodes until there are n, and returns when
// all are Ready.
func (c *Cluster) AddSimulatedNodes(ctx context.Context, n int) error {
	if err := c.StartProcess(ctx, plan.Kwok); err != nil {
		return err
	}
	api, err := c.api()
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(creators)
	for i := range n {
		group.Go(func() error { return createSimulated(groupCtx, api, i) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("add simulated nodes: %w", err)
	}
	return waitSimulated(ctx, api, n)
}

func createSimulated(ctx context.Context, api *apiclient.Client, i int) error {
	err := api.Create(ctx, "/api/v1/nodes", simulatedNode(i))
	var status *apiclient.StatusError
	if errors.As(err, &status) && status.Code == http.StatusConflict {
		return nil
	}
	return err
}

func simulatedNode(i int) any {
	type object = map[string]any
	name := fmt.Sprintf("kwok-%05d", i)
	resources := object{"cpu": "32", "memory": "256Gi", "pods": "110"}
	return object{
		"apiVersion": "v1",
		"kind":       "Node",
		"metadata": object{
			"name": name,
			"labels": object{
				"type":                   "kwok",
				"kubernetes.io/arch":     runtime.GOARCH,
				"kubernetes.io/hostname": name,
				"kubernetes.io/os":       "linux",
			},
		},
		"status": object{"allocatable": resources, "capacity": resources},
	}
}

func waitSimulated(ctx context.Context, api *apiclient.Client, n int) error {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		ready, err := api.ReadyNodes(ctx, plan.SimulatedSelector)
		if err == nil && len(ready) >= n {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d simulated nodes are Ready: %w", len(ready), n, errors.Join(err, context.Cause(ctx)))
		case <-ticker.C:
		}
	}
}

package run

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// silencePause is how long the cache gets to show that a node is reachable again.
const silencePause = 5 * time.Second

// isSilent asks the API server whether the task's node has been unreachable for long. The
// cache may lag behind and show a node unreachable that is reachable again: its pod would
// lose the slot while it runs.
func (e *Execution) isSilent(ctx context.Context, t task) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	name := t.key.Node
	nodes, err := e.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()})
	if err != nil {
		return false, fmt.Errorf("read node %s: %w", name, err)
	}
	for i := range nodes.Items {
		if nodes.Items[i].Name == name {
			since := plan.UnreachableSince(&nodes.Items[i])
			return !since.IsZero() && e.Steady.Now().Sub(since) >= plan.StopMargin, nil
		}
	}
	return true, nil // the node was deleted, which the cache will show
}

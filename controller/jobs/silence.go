package jobs

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

// ConfirmSilence asks the API server whether the task's node is silent, if a step depends on
// it. If the node is not, or the API server does not say, the task has another turn instead of
// the step.
func (j *Jobs) ConfirmSilence(ctx context.Context, t *Task, action plan.Action) (confirmed bool, result Result, err error) {
	if !action.Unreachable {
		return true, Result{}, nil
	}
	if silent, err := j.isSilent(ctx, t.Key.Node); err != nil || !silent {
		return false, Result{Recheck: silencePause}, err
	}
	return true, Result{}, nil
}

// isSilent asks the API server whether a node has been unreachable for long. The cache may
// lag behind and show a node unreachable that is reachable again: its pod would lose the slot
// while it runs.
func (j *Jobs) isSilent(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	nodes, err := j.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()})
	if err != nil {
		return false, fmt.Errorf("read node %s: %w", name, err)
	}
	for i := range nodes.Items {
		if nodes.Items[i].Name == name {
			since := plan.UnreachableSince(&nodes.Items[i])
			return !since.IsZero() && j.Steady.Now().Sub(since) >= plan.StopMargin, nil
		}
	}
	return true, nil // the node was deleted, which the cache will show
}

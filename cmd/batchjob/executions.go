package batchjob

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// installation is a controller that was found.
type installation struct {
	*cluster
	deployment *appsv1.Deployment
	namespace  string // of what the controller makes
	container  string // of its pods, in which it runs
	config     config.Config
}

func (t *tool) findInstallation(ctx context.Context) (*installation, error) {
	cluster, err := t.connect()
	if err != nil {
		return nil, err
	}
	deployment, err := t.find(ctx, cluster)
	if err != nil {
		return nil, err
	}
	i := &installation{cluster: cluster, deployment: deployment}
	return i, i.configure(ctx)
}

// configure reads the configuration as the controller does. An error that is
// config.Problems tells what the controller finds wrong with it.
func (i *installation) configure(ctx context.Context) error {
	env, err := i.environment(ctx, i.deployment)
	if err != nil {
		return err
	}
	i.namespace, i.container = env.Namespace, i.containerOf(ctx, i.deployment)
	i.config, err = i.configuration(ctx, env)
	return err
}

// ids returns the executions that there are records of, oldest first. Of the
// records only the metadata is read: each may have a megabyte.
func (i *installation) ids(ctx context.Context) ([]execution.ID, error) {
	list, err := i.metadata.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(i.namespace).
		List(ctx, metav1.ListOptions{LabelSelector: jobspec.Selector(i.config.Name, jobspec.RecordComponent).String()})
	if err != nil {
		return nil, fmt.Errorf("look for executions: %w", err)
	}
	var ids []execution.ID
	for _, record := range list.Items {
		ids = append(ids, execution.ID(record.Labels[jobspec.ExecutionLabel]))
	}
	slices.Sort(ids)
	return ids, nil
}

// executions reads the records of executions, oldest first.
func (i *installation) executions(ctx context.Context, ids ...execution.ID) ([]progress.Execution, error) {
	var records []corev1.ConfigMap
	for _, id := range ids {
		name := jobspec.RecordName(i.config.Name, id)
		record, err := i.CoreV1().ConfigMaps(i.namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read execution %s: %w", id, err)
		}
		records = append(records, *record)
	}
	return progress.Of(records)
}

// explained adds what the pods say of why nodes have failed.
func (i *installation) explained(ctx context.Context, e progress.Execution) (progress.Execution, error) {
	// Pods of nodes that are unreported have nothing to say: they ended well.
	if len(e.Bad) == e.Counts[execution.Unreported] {
		return e, nil
	}
	pods, err := i.podsOf(ctx, e, "status.phase!=Succeeded,status.phase!=Running")
	if err != nil {
		return e, err
	}
	return e.Explained(pods), nil
}

// started returns when the controller, with all its replicas, was started, or no
// time if it has not. Pods of before a change of its Deployment do not count:
// they end.
func (i *installation) started(ctx context.Context) (time.Time, error) {
	live, err := i.AppsV1().Deployments(i.deployment.Namespace).Get(ctx, i.deployment.Name, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("look at the Deployment: %w", err)
	}
	pods, err := i.newestPods(ctx, live)
	if err != nil {
		return time.Time{}, err
	}
	return progress.Started(pods, i.container), nil
}

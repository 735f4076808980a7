package batchjob

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	namespace  string // of the controller's objects
	container  string // of its pods, in which it runs
	config     config.Config
	lastTick   time.Time // the last processed tick
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

// configure reads the configuration as the controller does. If the configuration is
// invalid, the error is of type config.Problems.
func (i *installation) configure(ctx context.Context) error {
	env, err := i.environment(ctx, i.deployment)
	if err != nil {
		return err
	}
	i.namespace, i.container = env.Namespace, i.containerOf(ctx, i.deployment)
	if i.config, err = i.configuration(ctx, env); err != nil {
		return err
	}
	state, err := i.CoreV1().ConfigMaps(i.namespace).Get(ctx, progress.StateName(i.config.Name), metav1.GetOptions{})
	switch {
	case err == nil:
		i.lastTick = progress.LastTick(state)
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("read the last processed tick: %w", err)
	}
	return nil
}

// recordName is the name of an execution's record.
type recordName struct {
	id   execution.ID // empty: its label is not an ID
	name string
}

// record returns the name of an execution's record.
func (i *installation) record(id execution.ID) recordName {
	return recordName{id, jobspec.RecordName(i.config.Name, id)}
}

// records returns the existing records, oldest first, after those whose label is
// not an ID. It reads only their metadata: each may have a megabyte.
func (i *installation) records(ctx context.Context) ([]recordName, error) {
	list, err := i.metadata.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(i.namespace).
		List(ctx, metav1.ListOptions{LabelSelector: jobspec.Selector(i.config.Name, jobspec.RecordComponent).String()})
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	var records []recordName
	for n := range list.Items {
		records = append(records, recordName{progress.IDOf(&list.Items[n]), list.Items[n].Name})
	}
	slices.SortFunc(records, func(a, b recordName) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.name, b.name)) })
	return records, nil
}

// newest returns the newest record, if its label is an ID.
func newest(records []recordName) (recordName, bool) {
	if len(records) == 0 {
		return recordName{}, false
	}
	last := records[len(records)-1]
	return last, last.id != ""
}

// executions reads records, oldest first. It omits deleted records.
func (i *installation) executions(ctx context.Context, records ...recordName) ([]progress.Execution, error) {
	var objects []corev1.ConfigMap
	for _, record := range records {
		object, err := i.CoreV1().ConfigMaps(i.namespace).Get(ctx, record.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read execution record %s: %w", record.name, err)
		}
		objects = append(objects, *object)
	}
	return progress.Of(objects), nil
}

// execution reads a record that has to exist.
func (i *installation) execution(ctx context.Context, record recordName) (progress.Execution, error) {
	read, err := i.executions(ctx, record)
	if err == nil && len(read) == 0 {
		err = i.noRecord(record)
	}
	if err != nil {
		return progress.Execution{}, err
	}
	return read[0], nil
}

func (i *installation) noRecord(record recordName) error {
	return &statusError{exitNotDone, fmt.Errorf("execution %s has no record (configmap/%s in namespace %s): it was deleted, or never existed",
		record.id, record.name, i.namespace)}
}

// explained adds the reasons of failed pods.
func (i *installation) explained(ctx context.Context, e progress.Execution) (progress.Execution, error) {
	// Pods of unreported nodes have no reason: they succeeded.
	if len(e.Bad) == e.Counts[execution.Unreported] {
		return e, nil
	}
	pods, err := i.podsOf(ctx, e, "status.phase!=Succeeded,status.phase!=Running")
	if err != nil {
		return e, err
	}
	return e.Explained(pods), nil
}

// started returns when the first replica of the controller started, or no time.
// Pods of an earlier revision of the Deployment do not count: they end.
func (i *installation) started(ctx context.Context) (time.Time, error) {
	live, err := i.AppsV1().Deployments(i.deployment.Namespace).Get(ctx, i.deployment.Name, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, fmt.Errorf("get the Deployment: %w", err)
	}
	pods, err := i.newestPods(ctx, live)
	if err != nil {
		return time.Time{}, err
	}
	return progress.Started(pods, i.container), nil
}

package cluster

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// RecordName is the name of an execution's record.
type RecordName struct {
	ID   execution.ID // empty: its label is not an ID
	Name string
}

// Record returns the name of an execution's record.
func (i *Installation) Record(id execution.ID) RecordName {
	return RecordName{id, jobspec.RecordName(i.Config.Name, id)}
}

// Records returns the existing records, oldest first, after those whose label is
// not an ID. It reads only their metadata: each may have a megabyte.
func (i *Installation) Records(ctx context.Context) ([]RecordName, error) {
	list, err := i.Metadata.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(i.Namespace).
		List(ctx, metav1.ListOptions{LabelSelector: jobspec.Selector(i.Config.Name, jobspec.RecordComponent).String()})
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	var records []RecordName
	for n := range list.Items {
		records = append(records, RecordName{progress.IDOf(&list.Items[n]), list.Items[n].Name})
	}
	slices.SortFunc(records, func(a, b RecordName) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name)) })
	return records, nil
}

// Newest returns the newest record, if its label is an ID.
func Newest(records []RecordName) (RecordName, bool) {
	if len(records) == 0 {
		return RecordName{}, false
	}
	last := records[len(records)-1]
	return last, last.ID != ""
}

// Executions reads records, oldest first. It omits deleted records.
func (i *Installation) Executions(ctx context.Context, records ...RecordName) ([]progress.Execution, error) {
	var objects []corev1.ConfigMap
	for _, record := range records {
		object, err := i.CoreV1().ConfigMaps(i.Namespace).Get(ctx, record.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read execution record %s: %w", record.Name, err)
		}
		objects = append(objects, *object)
	}
	return progress.Of(objects), nil
}

// Execution reads a record that has to exist.
func (i *Installation) Execution(ctx context.Context, record RecordName) (progress.Execution, error) {
	read, err := i.Executions(ctx, record)
	if err == nil && len(read) == 0 {
		err = i.NoRecord(record)
	}
	if err != nil {
		return progress.Execution{}, err
	}
	return read[0], nil
}

// NoRecord returns the error that an execution has no record.
func (i *Installation) NoRecord(record RecordName) error {
	return &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s has no record (configmap/%s in namespace %s): it was deleted, or never existed",
		record.ID, record.Name, i.Namespace)}
}

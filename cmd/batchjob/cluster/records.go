package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// RecordName is the name of an execution's record.
type RecordName struct {
	ID          execution.ID // empty: its status has no ID
	Name        string
	NodeCronJob string
}

// Record returns the name that the record of an execution has that a tick of the
// ConfigMap's definition began.
func (i *Installation) Record(id execution.ID) RecordName {
	return RecordName{id, jobspec.ExecutionName(i.Config.Name, id), i.Config.Name}
}

// RecordWithID returns the record of an execution. If there is none, it has the name that it
// might have.
func (i *Installation) RecordWithID(ctx context.Context, id execution.ID) (RecordName, error) {
	records, err := i.Records(ctx)
	if at := slices.IndexFunc(records, func(r RecordName) bool { return r.ID == id }); at >= 0 {
		return records[at], nil
	}
	return i.Record(id), err
}

// Records returns the executions that have been opened, oldest first, after those whose
// status has no ID.
func (i *Installation) Records(ctx context.Context) ([]RecordName, error) {
	list, err := i.Resources.Executions(i.Namespace).List(ctx, metav1.ListOptions{LabelSelector: jobspec.OwnerSelector(i.Config.Name).String()})
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	var records []RecordName
	for n := range list.Items {
		if e := &list.Items[n]; hasRecord(e) {
			records = append(records, RecordName{progress.IDOf(e), e.Name, e.Spec.NodeCronJobName})
		}
	}
	slices.SortFunc(records, func(a, b RecordName) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name)) })
	return records, nil
}

// hasRecord reports whether an execution has been opened.
func hasRecord(e *v1alpha1.Execution) bool {
	return !record.IsWaiting(e) && e.Status.Phase != v1alpha1.Rejected
}

// Newest returns the newest record of a definition, if its status has an ID. All are given,
// oldest first.
func Newest(records []RecordName, definition string) (RecordName, bool) {
	for _, r := range slices.Backward(records) {
		if r.NodeCronJob == definition {
			return r, r.ID != ""
		}
	}
	return RecordName{}, false
}

// Executions reads records, oldest first. It omits deleted records.
func (i *Installation) Executions(ctx context.Context, records ...RecordName) ([]progress.Execution, error) {
	var all []progress.Execution
	for _, name := range records {
		read, err := i.read(ctx, name.Name)
		var damaged *record.DamagedError
		var newer *record.NewerError
		switch {
		case apierrors.IsNotFound(err):
		case errors.As(err, &damaged):
			all = append(all, progress.Unreadable(name.ID, name.Name, err))
		case errors.As(err, &newer):
			all = append(all, progress.Unreadable(name.ID, name.Name, err))
		case err != nil:
			return nil, err
		default:
			all = append(all, progress.Of(read))
		}
	}
	slices.SortFunc(all, func(a, b progress.Execution) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Record, b.Record))
	})
	return all, nil
}

// read reads a record, and its plan once: it may have megabytes.
func (i *Installation) read(ctx context.Context, name string) (r record.Record, err error) {
	store := record.NewStore(i.Resources.Executions(i.Namespace), i.CoreV1().ConfigMaps(i.Namespace), i.Config.Name)
	if last, ok := i.last[name]; ok {
		r, err = store.Refresh(ctx, last)
	} else {
		var e *v1alpha1.Execution
		if e, err = store.Find(ctx, name); err != nil {
			return r, err
		}
		if !hasRecord(e) {
			return r, apierrors.NewNotFound(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource).GroupResource(), name)
		}
		r, err = store.Load(ctx, e)
	}
	if err != nil {
		return r, err
	}
	if i.last == nil {
		i.last = map[string]record.Record{}
	}
	i.last[name] = r
	return r, nil
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
	return &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s has no record (execution/%s in namespace %s): it was deleted, or never existed",
		record.ID, record.Name, i.Namespace)}
}

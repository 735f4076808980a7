package printing

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// column is a printer column of a custom resource definition. A test compares them. Nil
// is an empty cell, as in kubectl.
type column[T any] struct {
	name, kind string
	priority   int32 // 0: always; 1: with -o wide
	cell       func(o T, now time.Time) any
}

func definitionColumns() []column[*v1alpha1.NodeCronJob] {
	type object = *v1alpha1.NodeCronJob
	lastCounts := func(of func(v1alpha1.NodeCounts) int32) func(object, time.Time) any {
		return func(o object, _ time.Time) any {
			if o.Status.LastExecution == nil {
				return nil
			}
			return int64(of(o.Status.LastExecution.Counts))
		}
	}
	return []column[object]{
		{"Name", "string", 0, func(o object, _ time.Time) any { return o.Name }},
		{"Schedule", "string", 0, func(o object, _ time.Time) any { return text(o.Spec.CronExpression) }},
		{"Suspend", "boolean", 0, func(o object, _ time.Time) any { return o.Spec.Suspend }},
		{"Nodes", "integer", 0, lastCounts(func(c v1alpha1.NodeCounts) int32 { return c.Nodes })},
		{"Bad", "integer", 0, lastCounts(func(c v1alpha1.NodeCounts) int32 { return c.Bad })},
		{"Last", "date", 0, func(o object, now time.Time) any { return since(o.Status.LastScheduleTime, now) }},
		{"Active", "string", 0, func(o object, _ time.Time) any {
			if o.Status.ActiveExecution == nil {
				return nil
			}
			return o.Status.ActiveExecution.Name
		}},
		{"Age", "date", 0, func(o object, now time.Time) any { return since(&o.CreationTimestamp, now) }},
	}
}

func executionColumns() []column[*v1alpha1.Execution] {
	type object = *v1alpha1.Execution
	counts := func(of func(v1alpha1.NodeCounts) int32) func(object, time.Time) any {
		return func(o object, _ time.Time) any {
			if o.Status.Counts == nil {
				return nil
			}
			return int64(of(*o.Status.Counts))
		}
	}
	return []column[object]{
		{"Name", "string", 0, func(o object, _ time.Time) any { return o.Name }},
		{"NodeCronJob", "string", 0, func(o object, _ time.Time) any { return text(o.Spec.NodeCronJobName) }},
		{"Trigger", "string", 0, func(o object, _ time.Time) any { return text(string(o.Spec.Trigger)) }},
		{"Phase", "string", 0, func(o object, _ time.Time) any { return text(string(o.Status.Phase)) }},
		{"Nodes", "integer", 0, counts(func(c v1alpha1.NodeCounts) int32 { return c.Nodes })},
		{"OK", "integer", 0, counts(func(c v1alpha1.NodeCounts) int32 { return c.OK })},
		{"Bad", "integer", 0, counts(func(c v1alpha1.NodeCounts) int32 { return c.Bad })},
		{"Running", "integer", 0, counts(func(c v1alpha1.NodeCounts) int32 { return c.Running })},
		{"Duration", "string", 0, func(o object, _ time.Time) any {
			if o.Status.Duration == nil {
				return nil
			}
			return o.Status.Duration.Duration.Duration.String()
		}},
		{"Age", "date", 0, func(o object, now time.Time) any { return since(&o.CreationTimestamp, now) }},
		{"Requested By", "string", 1, func(o object, _ time.Time) any { return text(o.Spec.RequestedBy) }},
		{"Reason", "string", 1, func(o object, _ time.Time) any { return text(o.Spec.Reason) }},
	}
}

// tableOf returns the table of some objects of one kind.
func tableOf(now time.Time, objects ...runtime.Object) *metav1.Table {
	table := &metav1.Table{}
	for _, object := range objects {
		switch o := object.(type) {
		case *v1alpha1.NodeCronJob:
			addRow(table, definitionColumns(), o, object, now)
		case *v1alpha1.Execution:
			addRow(table, executionColumns(), o, object, now)
		}
	}
	return table
}

func addRow[T any](table *metav1.Table, columns []column[T], of T, object runtime.Object, now time.Time) {
	define := len(table.ColumnDefinitions) == 0
	row := metav1.TableRow{Object: runtime.RawExtension{Object: object}}
	for _, c := range columns {
		if define {
			table.ColumnDefinitions = append(table.ColumnDefinitions, metav1.TableColumnDefinition{Name: c.name, Type: c.kind, Priority: c.priority})
		}
		row.Cells = append(row.Cells, c.cell(of, now))
	}
	table.Rows = append(table.Rows, row)
}

// text is a cell that is empty without a text.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// since is how long ago something was, as the API server prints it.
func since(at *metav1.Time, now time.Time) any {
	if at.IsZero() {
		return nil
	}
	return duration.HumanDuration(now.Sub(at.Time))
}

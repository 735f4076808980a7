package record

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Schema is the form in which this version writes execution records, and
// the latest that it reads. It is raised by a change that an earlier version
// must not overlook: one that would have it run a node twice, or not at all, or
// free a slot too early. What it may overlook is a new key and raises nothing.
//
// Whatever the form, the keys schema and phase, and the label of the execution,
// are where they are now: by them a record of a later form is known, left alone,
// and waited for.
const Schema = 1

// schemaKey is absent in the records of versions that knew one form only.
const schemaKey = "schema"

// schemaOf returns the form of a record.
func schemaOf(object *corev1.ConfigMap) (int, error) {
	text := cmp.Or(object.Data[schemaKey], "1")
	schema, err := strconv.Atoi(text)
	if err != nil || schema < 1 {
		return 0, fmt.Errorf("%s: %.32q: must be a number from 1", schemaKey, text)
	}
	return schema, nil
}

// NewerError tells of a record in a form that only a later version knows.
type NewerError struct {
	Name   string
	ID     execution.ID
	Schema int
	Open   bool // its execution is not closed, as far as this version can tell
}

func newNewerError(object *corev1.ConfigMap, schema int) *NewerError {
	return &NewerError{
		Name:   object.Name,
		ID:     execution.ID(object.Labels[jobspec.ExecutionLabel]),
		Schema: schema,
		Open:   execution.Phase(object.Data[phaseKey]) != execution.Closed,
	}
}

func (e *NewerError) Error() string {
	text := fmt.Sprintf("execution record %s: %s: %d: this version reads up to %d", e.Name, schemaKey, e.Schema, Schema)
	if e.Open {
		text += ", and the execution is open: have a later version end it," +
			" or give it up with all its Jobs by deleting the ConfigMap " + e.Name
	}
	return text
}

// IsNewer reports whether only a later version can read an execution's record.
func (l Listing) IsNewer(id execution.ID) bool {
	return slices.ContainsFunc(l.Newer, func(e *NewerError) bool { return e.ID == id })
}

// FirstOpen returns the first of the executions that only a later version can
// end, or nil.
func (l Listing) FirstOpen() error {
	for _, e := range l.Newer {
		if e.Open {
			return e
		}
	}
	return nil
}

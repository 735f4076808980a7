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

// Schema is the schema version of the records that this version writes, and the latest
// that it reads. It is increased by a change that an earlier version must not overlook,
// because it would run a node twice or not at all, or free a slot too early. A new key
// that earlier versions may ignore does not increase it.
//
// In every schema version, the keys schema and phase and the label of the execution are
// the same: by them a replica recognizes a later record, does not touch it, and waits for
// it.
const Schema = 1

// schemaKey is missing in records of schema version 1.
const schemaKey = "schema"

// schemaOf returns the schema version of a record.
func schemaOf(object *corev1.ConfigMap) (int, error) {
	text := cmp.Or(object.Data[schemaKey], "1")
	schema, err := strconv.Atoi(text)
	if err != nil || schema < 1 {
		return 0, fmt.Errorf("%s: %.32q: must be a number from 1", schemaKey, text)
	}
	return schema, nil
}

// NewerError says that a record has a schema version that only a later version of the
// controller can read.
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
		text += ", and the execution is open: let a later version close it," +
			" or delete the ConfigMap " + e.Name + ", which deletes all of its Jobs"
	}
	return text
}

// IsNewer reports whether only a later version can read an execution's record.
func (l Listing) IsNewer(id execution.ID) bool {
	return slices.ContainsFunc(l.Newer, func(e *NewerError) bool { return e.ID == id })
}

// FirstOpen returns the first open execution that only a later version can read, or nil.
func (l Listing) FirstOpen() error {
	for _, e := range l.Newer {
		if e.Open {
			return e
		}
	}
	return nil
}

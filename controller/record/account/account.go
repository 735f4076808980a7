package account

import (
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Schema is the schema version of the accounts and plans that this version writes, and the
// latest that it reads. It is increased by a change that an earlier version must not
// overlook, because it would run a node twice or not at all, or free a slot too early. A new
// field that earlier versions may ignore does not increase it.
//
// In every schema version, status.account.schema, status.phase and status.executionID are
// the same: by them a replica recognizes a later record, does not touch it, and waits for
// it.
const Schema = 1

// Status returns a status with the account in place of its own: phase, closeTime and
// account. The API server accepts the result, and Parse reads it back, whatever clients
// did to Jobs and reports.
func Status(status v1alpha1.ExecutionStatus, account execution.Account) v1alpha1.ExecutionStatus {
	status.Phase = v1alpha1.ExecutionPhase(account.Phase)
	status.CloseTime = nil
	if !account.ClosedAt.IsZero() {
		at := metav1.NewTime(account.ClosedAt.Truncate(time.Second))
		status.CloseTime = &at
	}
	outcomes, succeeded := fewOutcomes(account.Outcomes)
	status.Account = &v1alpha1.Account{
		Schema:   Schema,
		Admitted: v1alpha1.Indexes(account.Admitted.String()),
		// A client may have created a Job in the name of a task that is not admitted.
		Created:  v1alpha1.Indexes(both(account.Created, account.Admitted).String()),
		Outcomes: outcomes,
		// A client may have edited the report from which they are taken.
		Unreported: v1alpha1.Indexes(both(account.Unreported, succeeded).String()),
	}
	return status
}

// both returns the indexes that are in x and in y.
func both(x, y execution.Indexes) execution.Indexes { return x.Minus(x.Minus(y)) }

// Parse returns the account of an execution with so many node tasks. Its error lists
// all that no version of this schema writes, by the fields of the status.
func Parse(status v1alpha1.ExecutionStatus, tasks int) (execution.Account, error) {
	a := execution.Account{Phase: execution.Phase(status.Phase)}
	p := parser{tasks: tasks}
	switch a.Phase {
	case execution.Open, execution.Closing, execution.Closed:
	default:
		p.problem("phase", "%.32q: must be Open, Closing or Closed", status.Phase)
	}
	if status.CloseTime != nil {
		a.ClosedAt = status.CloseTime.UTC().Truncate(time.Second)
	}
	if status.Account == nil {
		p.problem("account", "is missing")
		return a, p.err()
	}
	if schema := status.Account.Schema; schema < 1 || schema > Schema {
		p.problem("account.schema", "%d: must be a number from 1 to %d", schema, Schema)
		return a, p.err()
	}
	a.Admitted = p.indexes("account.admitted", status.Account.Admitted)
	a.Created = p.indexes("account.created", status.Account.Created)
	a.Outcomes = p.outcomes(status.Account.Outcomes)
	a.Unreported = p.indexes("account.unreported", status.Account.Unreported)
	if len(p.problems) > 0 {
		return a, p.err()
	}
	p.within("account.created", a.Created, a.Admitted, "is not admitted")
	p.within("account.unreported", a.Unreported, succeededOf(a.Outcomes), "did not succeed")
	return a, p.err()
}

// parser parses an account, and collects its problems.
type parser struct {
	tasks    int
	problems []error
}

func (p *parser) problem(field, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("status.%s: %w", field, fmt.Errorf(format, args...)))
}

func (p *parser) err() error { return errors.Join(p.problems...) }

// indexes parses a set of node tasks. One with a problem counts as empty.
func (p *parser) indexes(field string, text v1alpha1.Indexes) execution.Indexes {
	x, err := execution.ParseIndexes(string(text))
	switch {
	case err != nil:
		p.problem(field, "%w", err)
	case x.Max() >= p.tasks:
		p.problem(field, "index %d: the execution has %d nodes", x.Max(), p.tasks)
	default:
		return x
	}
	return execution.Indexes{}
}

// within names the first index that is outside of the set that it has to be in.
func (p *parser) within(field string, x, of execution.Indexes, problem string) {
	for i := range x.Minus(of).All() {
		p.problem(field, "index %d %s", i, problem)
		return
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	ExitOK       = 0
	ExitProblems = 1 // there are differences, nodes need attention, or validate found problems
	ExitMisused  = 2 // the command line or the configuration is invalid: nothing was sent
	ExitTimeout  = 3 // the timeout expired
	ExitNotDone  = 4 // the cluster did not respond or rejected a request, or the controller is not ready
	ExitConflict = 5 // the state of an object does not allow the request
	ExitCanceled = 6 // the execution was canceled, and no node of it is bad
)

// StatusesText explains the exit statuses in the help.
const StatusesText = `Exit status:
  0  success
  1  diff: there are differences; wait, status, --wait: nodes failed, were lost, did
     not start, or sent no result; validate: the configuration is invalid
  2  the command line or the configuration is invalid; nothing was sent
  3  timed out (--timeout)
  4  the cluster does not respond, or rejects a request; an object does not exist; the
     controller is not ready
  5  a conflict: another execution is open, an object has closed or changed meanwhile,
     other field managers own its fields, or the custom resource definitions that are
     to be deleted are used
  6  wait, status NAME, --wait: the execution was canceled, and no node of it needs
     attention`

// StatusError ends the program with an exit status.
type StatusError struct {
	Status int
	Err    error // nil: everything has been printed
}

func (e *StatusError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

func (e *StatusError) Unwrap() error { return e.Err }

// Misuse returns an error of the command line or the configuration.
func Misuse(err error) error { return &StatusError{Status: ExitMisused, Err: err} }

// Conflict returns the error that the state of an object does not allow a request.
func Conflict(err error) error { return &StatusError{Status: ExitConflict, Err: err} }

// Does adapts a command for cobra. An error without an exit status comes from the
// cluster.
func Does(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd.Context(), args)
		var status *StatusError
		if err != nil && !errors.As(err, &status) {
			return &StatusError{Status: ExitNotDone, Err: err}
		}
		return err
	}
}

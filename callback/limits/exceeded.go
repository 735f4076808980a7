package limits

import (
	"errors"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Exceeded returns the limit that a request exceeded, or "".
func Exceeded(err error) execution.Limit {
	var limit *execution.LimitError
	var invalid *execution.InvalidError
	var slow *slowError
	switch {
	case errors.As(err, &slow):
		return slow.limit
	case errors.As(err, &limit):
		return limit.Limit
	case errors.As(err, &invalid):
		return invalid.Limit
	default:
		return ""
	}
}

// slowError says that a body arrived too slowly.
type slowError struct {
	limit execution.Limit
	err   error
}

func (e *slowError) Error() string   { return fmt.Sprintf("%s: %s", ErrSlow, e.err) }
func (e *slowError) Unwrap() []error { return []error{ErrSlow, e.err} }

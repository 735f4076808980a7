package objects

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rejections are objects that the API server rejects or whose kinds it does not
// know, and why.
type Rejections struct {
	Errors    []error
	Conflicts bool // some are conflicts with other field managers
	Others    bool // some are not
}

// Error lists all of them, one per line.
func (r *Rejections) Error() string { return errors.Join(r.Errors...).Error() }

// Unwrap returns the errors.
func (r *Rejections) Unwrap() []error { return r.Errors }

func (r *Rejections) add(of Reference, err error) {
	conflict := isFieldConflict(err)
	r.Conflicts, r.Others = r.Conflicts || conflict, r.Others || !conflict
	r.Errors = append(r.Errors, explain(of, err))
}

func (r *Rejections) orNil() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return r
}

// explain adds what to do, or the conflicting fields and their managers.
func explain(of Reference, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s: omit the component that contains it, or install its CRD: %w", of, err)
	}
	if of.isReports() && apierrors.IsInvalid(err) {
		return fmt.Errorf("%s: the volume claim of the reports cannot be changed: keep the components that it was created with, or save the reports and delete it: %w", of, err)
	}
	if !isFieldConflict(err) {
		return fmt.Errorf("%s: %w", of, err)
	}
	var lines []string
	for _, cause := range causes(err) {
		lines = append(lines, fmt.Sprintf("\n  %s: %s", cause.Field, cause.Message))
	}
	return &conflictError{text: fmt.Sprintf("%s: other field managers own%s", of, strings.Join(lines, "")), err: err}
}

// conflictError has a shorter text than err.
type conflictError struct {
	text string
	err  error
}

func (e *conflictError) Error() string { return e.text }
func (e *conflictError) Unwrap() error { return e.err }

func isFieldConflict(err error) bool {
	return apierrors.IsConflict(err) && len(causes(err)) > 0
}

func causes(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var found []metav1.StatusCause
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			cause.Field = cmp.Or(cause.Field, "(a field)")
			found = append(found, cause)
		}
	}
	return found
}

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

// Refusals are objects that the API server does not take, or does not know, and
// why.
type Refusals struct {
	Errors    []error
	Conflicts bool // some are fields of others, and can be taken over
}

// Error has all of them, one below the other.
func (r *Refusals) Error() string { return errors.Join(r.Errors...).Error() }

// Unwrap returns the single errors.
func (r *Refusals) Unwrap() []error { return r.Errors }

func (r *Refusals) add(of Reference, err error) {
	r.Conflicts = r.Conflicts || isFieldConflict(err)
	r.Errors = append(r.Errors, explain(of, err))
}

func (r *Refusals) orNil() error {
	if len(r.Errors) == 0 {
		return nil
	}
	return r
}

// explain says which fields of an object are whose.
func explain(of Reference, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s: leave out the component that brings it, or install what defines its kind: %w", of, err)
	}
	if of.isReports() && apierrors.IsInvalid(err) {
		return fmt.Errorf("%s: the volume of the reports cannot be made another: keep the components that it was made with, or save the reports and delete it: %w", of, err)
	}
	if !isFieldConflict(err) {
		return fmt.Errorf("%s: %w", of, err)
	}
	var lines []string
	for _, cause := range causes(err) {
		lines = append(lines, fmt.Sprintf("\n  %s: %s", cause.Field, cause.Message))
	}
	return &conflictError{text: fmt.Sprintf("%s: others have set%s", of, strings.Join(lines, "")), err: err}
}

// conflictError says in few words what err does in many.
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

package callback

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var (
	errHeaders   = errors.New("the header is too large")
	errMediaType = errors.New("the body cannot be read")
	errNoLength  = errors.New("the body has no length")
)

// statuses tells how an error is answered. What it does not hold is a 500.
func statuses() []statusRule {
	return []statusRule{
		{errNoRoute, http.StatusNotFound},
		{errNoMethod, http.StatusMethodNotAllowed},
		{errTooManyDenied, http.StatusTooManyRequests},
		{execution.ErrUnauthenticated, http.StatusUnauthorized},
		{execution.ErrOtherTask, http.StatusForbidden},
		{errHeaders, http.StatusRequestHeaderFieldsTooLarge},
		{errMediaType, http.StatusUnsupportedMediaType},
		{errNoLength, http.StatusLengthRequired},
		{errSlow, http.StatusRequestTimeout},
		{errBroken, http.StatusBadRequest},
		{execution.ErrUnknownExecution, http.StatusForbidden},
		{execution.ErrUnknownNode, http.StatusForbidden},
		{execution.ErrEnded, http.StatusGone},
		{execution.ErrNameTaken, http.StatusConflict},
		{execution.ErrTooLarge, http.StatusRequestEntityTooLarge},
		{execution.ErrTooMany, http.StatusTooManyRequests},
		{execution.ErrUsedUp, http.StatusForbidden}, // no client sends that again by itself, as it does after a 429
		{execution.ErrNoSpace, http.StatusInsufficientStorage},
		{execution.ErrNotLeader, http.StatusServiceUnavailable},
		{execution.ErrNoAnswer, http.StatusServiceUnavailable},
		{execution.ErrUnavailable, http.StatusServiceUnavailable},
		{httpserver.ErrMisdirected, http.StatusMisdirectedRequest},
	}
}

type statusRule struct {
	err    error
	status int
}

// toldError adds to one of the errors above what the pod may know.
type toldError struct {
	err    error
	detail string
}

func told(err error, format string, args ...any) error {
	return &toldError{err: err, detail: fmt.Sprintf(format, args...)}
}

func (e *toldError) Error() string { return e.err.Error() + ": " + e.detail }
func (e *toldError) Unwrap() error { return e.err }

// refused is the body of an answer that is not 200.
type refused struct {
	Error string `json:"error"`
	Path  string `json:"path,omitempty"`
}

// explain returns the status of an error and what the pod is told of it: our
// own words, and of a wrapped error only what is meant for pods.
func explain(err error) (int, refused) {
	var invalid *execution.InvalidError
	if errors.As(err, &invalid) {
		return http.StatusBadRequest, refused{Error: invalid.Message, Path: invalid.Path}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, refused{Error: execution.ErrTooLarge.Error()}
	}
	for _, rule := range statuses() {
		if !errors.Is(err, rule.err) {
			continue
		}
		var detailed *toldError
		if errors.As(err, &detailed) {
			return rule.status, refused{Error: detailed.Error()}
		}
		var limit *execution.LimitError
		if errors.As(err, &limit) {
			return rule.status, refused{Error: limit.Error()}
		}
		return rule.status, refused{Error: rule.err.Error()}
	}
	return http.StatusInternalServerError, refused{Error: "internal error"}
}

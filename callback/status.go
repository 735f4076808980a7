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
	errMediaType = errors.New("unsupported media type")
	errNoLength  = errors.New("the body has no length")
)

// statuses maps errors to statuses. Any other error is a 500.
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
		{execution.ErrUsedUp, http.StatusForbidden}, // unlike 429, it causes no automatic retry
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

// detailedError adds a detail for the pod to one of the errors above.
type detailedError struct {
	err    error
	detail string
}

func withDetail(err error, format string, args ...any) error {
	return &detailedError{err: err, detail: fmt.Sprintf(format, args...)}
}

func (e *detailedError) Error() string { return e.err.Error() + ": " + e.detail }
func (e *detailedError) Unwrap() error { return e.err }

// errorBody is the body of a response other than 200.
type errorBody struct {
	Error string `json:"error"`
	Path  string `json:"path,omitempty"`
}

// explain returns the status and body of an error. The body has no text of wrapped
// errors that are not meant for pods.
func explain(err error) (int, errorBody) {
	var invalid *execution.InvalidError
	if errors.As(err, &invalid) {
		return http.StatusBadRequest, errorBody{Error: invalid.Message, Path: invalid.Path}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, errorBody{Error: execution.ErrTooLarge.Error()}
	}
	for _, rule := range statuses() {
		if !errors.Is(err, rule.err) {
			continue
		}
		var detailed *detailedError
		if errors.As(err, &detailed) {
			return rule.status, errorBody{Error: detailed.Error()}
		}
		var limit *execution.LimitError
		if errors.As(err, &limit) {
			return rule.status, errorBody{Error: limit.Error()}
		}
		return rule.status, errorBody{Error: rule.err.Error()}
	}
	return http.StatusInternalServerError, errorBody{Error: "internal error"}
}

package callback

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/callback/payload"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var (
	errNoRoute       = errors.New("no such path")
	errNoMethod      = errors.New("method not allowed: use POST")
	errTooManyDenied = errors.New("too many requests without a valid callback token")
	errHeaders       = errors.New("the header is too large")
	errNoLength      = errors.New("the body has no length: the request must have a Content-Length, which may be 0, or a chunked body")
)

// statuses maps errors to statuses. explain handles the types that carry their own text
// first (400, 413, 415). Any other error is a 500.
//
// 429 means that one client sends too much: a node task (limits.TaskLimiter, and the
// Recorder's limits on events) or an address with invalid credentials (limits.Denials,
// Options.AdmitReview). 503 means that the server is busy with all clients
// (limits.Gate), or cannot process a callback now.
func statuses() []statusRule {
	return []statusRule{
		{errNoRoute, http.StatusNotFound},
		{errNoMethod, http.StatusMethodNotAllowed},
		{errTooManyDenied, http.StatusTooManyRequests},
		{execution.ErrUnauthenticated, http.StatusUnauthorized},
		{execution.ErrOtherTask, http.StatusForbidden},
		{errHeaders, http.StatusRequestHeaderFieldsTooLarge},
		{errNoLength, http.StatusLengthRequired},
		{limits.ErrSlow, http.StatusRequestTimeout},
		{limits.ErrBroken, http.StatusBadRequest},
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
	var mediaType *payload.MediaTypeError
	if errors.As(err, &mediaType) {
		return http.StatusUnsupportedMediaType, errorBody{Error: mediaType.Error()}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, errorBody{Error: execution.ErrTooLarge.Error()}
	}
	for _, rule := range statuses() {
		if !errors.Is(err, rule.err) {
			continue
		}
		var limit *execution.LimitError
		if errors.As(err, &limit) {
			return rule.status, errorBody{Error: limit.Error()}
		}
		return rule.status, errorBody{Error: rule.err.Error()}
	}
	return http.StatusInternalServerError, errorBody{Error: "internal error"}
}

// panicError is a panic of a request, for the log.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(value any) error {
	return &panicError{value: value, stack: debug.Stack()}
}

func (e *panicError) Error() string {
	return fmt.Sprintf("panic: %v\n%s", e.value, e.stack)
}

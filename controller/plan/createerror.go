package plan

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// ErrorClass is what the error of a write says about the object.
type ErrorClass string

// The classes.
const (
	Transient ErrorClass = "transient" // nothing: there was no response, or it asks for a retry
	Rejected  ErrorClass = "rejected"  // it is rejected now, and may be accepted later
	Invalid   ErrorClass = "invalid"   // a field is wrong: a retry does not help
)

// ClassifyError classifies the error of a write. The status code is not enough: a
// webhook that denies without a code returns 400, a ValidatingAdmissionPolicy 422,
// and a proxy any code. Only an error about the object itself names its fields.
func ClassifyError(err error) ErrorClass {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return Transient
	}
	status := answer.Status()
	switch {
	case status.Reason == metav1.StatusReasonInvalid && namesFields(status.Details):
		return Invalid
	case apierrors.IsConflict(err), apierrors.IsServiceUnavailable(err), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return Transient
	case status.Code == http.StatusTooManyRequests && isFlowControl(status.Details):
		return Transient
	case status.Code >= http.StatusInternalServerError && isProxyResponse(status.Details):
		return Transient
	}
	return Rejected
}

func namesFields(d *metav1.StatusDetails) bool {
	return d != nil && slices.ContainsFunc(d.Causes, func(c metav1.StatusCause) bool { return c.Field != "" })
}

// isFlowControl distinguishes the API server's flow control from a quota, which
// returns the same code.
func isFlowControl(d *metav1.StatusDetails) bool {
	return d != nil && (d.RetryAfterSeconds > 0 || isProxyResponse(d))
}

// isProxyResponse reports whether client-go made up the status for a response that
// was not the API server's.
func isProxyResponse(d *metav1.StatusDetails) bool {
	return d != nil && slices.ContainsFunc(d.Causes, func(c metav1.StatusCause) bool { return c.Type == metav1.CauseTypeUnexpectedServerResponse })
}

// LacksPermission reports whether a request was forbidden by RBAC, which only an
// operator can change. Admission control returns Forbidden too, and may accept a
// retry.
func LacksPermission(err error) bool {
	if !apierrors.IsForbidden(err) {
		return false
	}
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return false
	}
	_, denied, found := strings.Cut(answer.Status().Message, `User "`)
	return found && strings.Contains(denied, `" cannot `)
}

// AfterRejection returns for how long to retry a Job whose creation has been Rejected (by
// admission, a quota or RBAC) since the given time, and again just now: until
// startDeadline. How often is up to package run. At 0 the caller, jobs.Jobs.rejected, ends the task with
// execution.JobRefused, unless its Job exists. It asks only right after a rejection, so
// that no task ends whose Job would be accepted by now.
//
// If the API server accepts the Job, but rejects its pod, the task ends with
// execution.PodNotCreated instead: see Progress.WhyNotStarted.
func AfterRejection(s execution.Settings, since, now time.Time) (wait time.Duration) {
	return max(s.StartDeadline-now.Sub(since), 0)
}

// DescribeRejection returns the message of a rejection for an event about many
// objects, without the object's name. The cause is equal for equal rejections.
func DescribeRejection(err error) (cause, message string) {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return "", err.Error()
	}
	status := answer.Status()
	cause, message = string(status.Reason), status.Message
	if d := status.Details; d != nil {
		if d.Name != "" {
			message = strings.ReplaceAll(message, ` "`+d.Name+`"`, "")
		}
		cause = d.Kind + " " + cause
		for _, c := range d.Causes {
			if c.Field != "" {
				cause += " " + c.Field
			}
		}
	}
	return cause, message
}

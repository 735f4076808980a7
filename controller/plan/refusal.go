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

// Verdict is what the answer to a write says about the object.
type Verdict string

// The verdicts.
const (
	Unheard Verdict = "unheard" // nothing: no answer came, or one that asks to come again
	Refused Verdict = "refused" // it is not wanted now; who refuses it may change its mind
	Invalid Verdict = "invalid" // a field of it is wrong, today and tomorrow
)

// Judge tells what a write that failed says about its object. The code alone
// does not tell: a webhook that denies without a code answers 400, a
// ValidatingAdmissionPolicy 422, a proxy whatever it likes. What is wrong with
// the object itself names its fields.
func Judge(err error) Verdict {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return Unheard
	}
	status := answer.Status()
	switch {
	case status.Reason == metav1.StatusReasonInvalid && namesFields(status.Details):
		return Invalid
	case apierrors.IsConflict(err), apierrors.IsServiceUnavailable(err), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return Unheard
	case status.Code == http.StatusTooManyRequests && asksForPatience(status.Details):
		return Unheard
	case status.Code >= http.StatusInternalServerError && isOfProxy(status.Details):
		return Unheard
	}
	return Refused
}

func namesFields(d *metav1.StatusDetails) bool {
	return d != nil && slices.ContainsFunc(d.Causes, func(c metav1.StatusCause) bool { return c.Field != "" })
}

// asksForPatience tells the API server's own flow control from a quota that
// answers with the same code.
func asksForPatience(d *metav1.StatusDetails) bool {
	return d != nil && (d.RetryAfterSeconds > 0 || isOfProxy(d))
}

// isOfProxy reports whether client-go made the status of an answer that was none
// of the API server's.
func isOfProxy(d *metav1.StatusDetails) bool {
	return d != nil && slices.ContainsFunc(d.Causes, func(c metav1.StatusCause) bool { return c.Type == metav1.CauseTypeUnexpectedServerResponse })
}

// LacksRights reports whether a request was forbidden because its sender has not
// the rights for it, which a person has to grant. Admission forbids too, and may
// change its mind.
func LacksRights(err error) bool {
	if !apierrors.IsForbidden(err) {
		return false
	}
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return false
	}
	_, why, found := strings.Cut(answer.Status().Message, `User "`)
	return found && strings.Contains(why, `" cannot `)
}

// AfterRefusal decides about a task whose Job was refused just now, and at first
// since then: it returns how long it is tried again for, which ends at
// startDeadline. An answer that is older counts for nothing, so that no task ends
// that would be admitted by now.
func AfterRefusal(s execution.Settings, since, now time.Time) (wait time.Duration) {
	return max(s.StartDeadline-now.Sub(since), 0)
}

// Refusal is what a refusal says, for an event that stands for many: the name of
// the object is left out. Its cause is the same for all that are refused alike.
func Refusal(err error) (cause, message string) {
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

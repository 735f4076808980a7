package plan

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// These responses are constructed as the API server, its admission and client-go construct
// them.

func webhookDenial(code int32, reason metav1.StatusReason) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason,
		Message: `admission webhook "policy.example" denied the request: no owner`,
	}}
}

func policyDenial(code int32, reason metav1.StatusReason) error {
	const message = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no owner"
	err := apierrors.NewForbidden(batchv1.Resource("jobs"), "check-1", errors.New(message))
	err.ErrStatus.Code, err.ErrStatus.Reason = code, reason
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Message: message})
	return err
}

func invalidFields(errs ...*field.Error) error {
	return apierrors.NewInvalid(batchv1.SchemeGroupVersion.WithKind("Job").GroupKind(), "check-1", errs)
}

func proxyAnswer(code int) error {
	return apierrors.NewGenericServerResponse(code, "POST", batchv1.Resource("jobs"), "check-1", "<html>who are you?</html>", 0, true)
}

func TestClassifyError(t *testing.T) {
	path := field.NewPath("spec", "template", "spec", "hostname")
	tests := map[string]struct {
		err  error
		want ErrorClass
	}{
		"a field is wrong":                                {invalidFields(field.Invalid(path, "a.b", "must not contain dots")), Invalid},
		"a field is wrong, said by a webhook":             {invalidFields(field.Required(path, "")), Invalid},
		"a wrapped answer":                                {fmt.Errorf("create Job: %w", invalidFields(field.Required(path, ""))), Invalid},
		"invalid, without saying what":                    {invalidFields(), Rejected},
		"too large as a whole":                            {invalidFields(field.TooLong(field.NewPath(""), "", 1)), Invalid},
		"a webhook that denies without a code":            {webhookDenial(http.StatusBadRequest, ""), Rejected},
		"a webhook that denies with 403":                  {webhookDenial(http.StatusForbidden, metav1.StatusReasonForbidden), Rejected},
		"a webhook that denies with 422":                  {webhookDenial(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid), Rejected},
		"a webhook that denies with 429":                  {webhookDenial(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests), Rejected},
		"a ValidatingAdmissionPolicy as it comes":         {policyDenial(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid), Rejected},
		"a ValidatingAdmissionPolicy that says Forbidden": {policyDenial(http.StatusForbidden, metav1.StatusReasonForbidden), Rejected},
		"a ValidatingAdmissionPolicy that says 401":       {policyDenial(http.StatusUnauthorized, metav1.StatusReasonUnauthorized), Rejected},
		"a ValidatingAdmissionPolicy that says 413":       {policyDenial(http.StatusRequestEntityTooLarge, metav1.StatusReasonRequestEntityTooLarge), Rejected},
		"a quota":                                    {apierrors.NewForbidden(batchv1.Resource("jobs"), "check-1", errors.New("exceeded quota: jobs")), Rejected},
		"RBAC":                                       {apierrors.NewForbidden(batchv1.Resource("jobs"), "", errors.New(`User "x" cannot create resource "jobs"`)), Rejected},
		"no such namespace":                          {apierrors.NewNotFound(corev1.Resource("namespaces"), "jobs"), Rejected},
		"a webhook that is down":                     {apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example": connection refused`)), Rejected},
		"a bad request":                              {apierrors.NewBadRequest("cannot be handled as a Job"), Rejected},
		"too large":                                  {apierrors.NewRequestEntityTooLargeError("limit is 3145728"), Rejected},
		"a proxy that says 400":                      {proxyAnswer(http.StatusBadRequest), Rejected},
		"a proxy that says 403":                      {proxyAnswer(http.StatusForbidden), Rejected},
		"a proxy that says 422":                      {proxyAnswer(http.StatusUnprocessableEntity), Rejected},
		"a proxy that finds no API server":           {proxyAnswer(http.StatusBadGateway), Transient},
		"a proxy that says 500":                      {proxyAnswer(http.StatusInternalServerError), Transient},
		"an API server that has too much to do":      {proxyAnswer(http.StatusTooManyRequests), Transient},
		"an API server that says when to come again": {apierrors.NewTooManyRequests("storage is initializing", 1), Transient},
		"an API server that is starting":             {apierrors.NewServiceUnavailable("starting"), Transient},
		"an API server that took too long":           {apierrors.NewTimeoutError("etcd", 1), Transient},
		"an API server whose storage took too long":  {apierrors.NewServerTimeout(batchv1.Resource("jobs"), "create", 1), Transient},
		"a quota that two writers count up at once":  {apierrors.NewConflict(corev1.Resource("resourcequotas"), "jobs", errors.New("modified")), Transient},
		"an API server that is away":                 {errors.New("connection refused"), Transient},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ClassifyError(tt.err); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLacksRights(t *testing.T) {
	tests := map[string]struct {
		err  error
		want bool
	}{
		"RBAC":              {apierrors.NewForbidden(corev1.Resource("secrets"), "", errors.New(`User "system:serviceaccount:jobs:check" cannot create resource "secrets" in API group "" in the namespace "jobs"`)), true},
		"RBAC, wrapped":     {fmt.Errorf("key: %w", apierrors.NewForbidden(corev1.Resource("secrets"), "", errors.New(`User "x" cannot get resource "secrets"`))), true},
		"a quota":           {apierrors.NewForbidden(corev1.Resource("secrets"), "key", errors.New("exceeded quota: secrets")), false},
		"a webhook":         {webhookDenial(http.StatusForbidden, metav1.StatusReasonForbidden), false},
		"a policy":          {policyDenial(http.StatusForbidden, metav1.StatusReasonForbidden), false},
		"another answer":    {apierrors.NewInternalError(errors.New(`User "x" cannot get`)), false},
		"no answer":         {errors.New("connection refused"), false},
		"nothing was wrong": {nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := LacksPermission(tt.err); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestAfterRejection(t *testing.T) {
	since := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	s := execution.Settings{StartDeadline: time.Minute}
	for name, tt := range map[string]struct{ waited, want time.Duration }{
		"the first refusal":         {0, time.Minute},
		"just before startDeadline": {time.Minute - 1, 1},
		"at startDeadline":          {time.Minute, 0},
		"long after":                {time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := AfterRejection(s, since, since.Add(tt.waited)); got != tt.want {
				t.Errorf("is tried again for %s, want %s", got, tt.want)
			}
		})
	}
}

// A thousand Jobs that are rejected for one cause are one event with that cause.
func TestDescribeRejectionIsTheSameForManyObjects(t *testing.T) {
	for name, tt := range map[string]struct {
		refuse func(job string) error
		want   string
	}{
		"a quota": {func(job string) error {
			return apierrors.NewForbidden(batchv1.Resource("jobs"), job, errors.New("exceeded quota: jobs"))
		}, "exceeded quota: jobs"},
		"a webhook without a code": {func(string) error { return webhookDenial(http.StatusBadRequest, "") }, `webhook "policy.example" denied the request: no owner`},
		"a wrong field": {func(job string) error {
			return apierrors.NewInvalid(batchv1.SchemeGroupVersion.WithKind("Job").GroupKind(), job,
				field.ErrorList{field.Invalid(field.NewPath("spec", "template", "spec", "hostname"), job, "must not contain dots")})
		}, "spec.template.spec.hostname: Invalid value"},
		"no status": {func(string) error { return errors.New("there is no key") }, "there is no key"},
	} {
		t.Run(name, func(t *testing.T) {
			cause, message := DescribeRejection(tt.refuse("check-1"))
			other, _ := DescribeRejection(tt.refuse("check-2"))
			if cause != other {
				t.Errorf("causes: %q and %q, want one", cause, other)
			}
			if !strings.Contains(message, tt.want) || strings.Contains(message, ` "check-1" is`) {
				t.Errorf("message: %q, want %q and no name", message, tt.want)
			}
		})
	}
}

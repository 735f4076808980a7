package kube

import (
	"errors"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestWritesThatMayBeCarriedOut(t *testing.T) {
	jobs := batchv1.Resource("jobs")
	tests := map[string]struct {
		err  error
		want bool
	}{
		"no response":                   {errors.New("connection reset"), true},
		"a timeout":                     {apierrors.NewTimeoutError("too long", 1), true},
		"the API server failed":         {apierrors.NewInternalError(errors.New("etcd")), true},
		"the API server is unavailable": {apierrors.NewServiceUnavailable("starting"), true},
		"too many requests":             {apierrors.NewTooManyRequests("busy", 1), false},
		"the write is forbidden":        {apierrors.NewForbidden(jobs, "x", nil), false},
		"the Job is invalid":            {apierrors.NewInvalid(batchv1.SchemeGroupVersion.WithKind("Job").GroupKind(), "x", nil), false},
		"the name is taken":             {apierrors.NewAlreadyExists(jobs, "x"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := MayBeCarriedOut(tt.err); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

package kube

import (
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// RequestGrace is how long a request may still be carried out after its sender has given
// it up: it may be in transit, or the API server may be working on it. Until then, a
// missing object proves nothing. The grace period of a pod is something else.
const RequestGrace = 30 * time.Second

// MayBeCarriedOut reports whether a failed write may have been carried out, or may still
// be: the API server did not respond, or responded with an error of its own.
func MayBeCarriedOut(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || status.Status().Code >= http.StatusInternalServerError
}

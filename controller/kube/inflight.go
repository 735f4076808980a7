package kube

import (
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// RequestGrace is how long after its sender gave it up a request may still be carried
// out: it was on its way, or the API server was working on it. For so long, that its
// object does not exist proves nothing. It has nothing to do with the grace period of a
// pod.
const RequestGrace = 30 * time.Second

// MayBeCarriedOut reports whether a write that failed may have been carried out, or
// may still be: the API server did not answer, or answered that it failed itself.
func MayBeCarriedOut(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || status.Status().Code >= http.StatusInternalServerError
}

package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Viewers says who may look at the reports.
type Viewers interface {
	// Admit returns nil if the owner of a bearer token may. The error wraps
	// ErrUnauthenticated if the token is nobody's, and is a *ForbiddenError if
	// its owner may not; any other is that it cannot be told.
	Admit(ctx context.Context, token string) error
}

// ErrUnauthenticated is that a bearer token is nobody's.
var ErrUnauthenticated = errors.New("the bearer token is missing or not valid")

// ForbiddenError is that somebody may not look at the reports. It says what is
// missing, and is shown.
type ForbiddenError struct{ Message string }

func (e *ForbiddenError) Error() string { return e.Message }

// retryAfter is when to come back while it cannot be told who somebody is, in
// seconds.
const retryAfter = 5

// admit answers a request of somebody who may not look at the reports, and
// reports whether it was one who may.
func (h *handler) admit(w http.ResponseWriter, r *http.Request) bool {
	if h.options.Viewers == nil {
		return true
	}
	token, ok := bearerToken(r)
	err := ErrUnauthenticated
	if ok {
		err = h.options.Viewers.Admit(r.Context(), token)
	}
	var forbidden *ForbiddenError
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrUnauthenticated):
		w.Header().Set("WWW-Authenticate", challenge(r))
		http.Error(w, ErrUnauthenticated.Error(), http.StatusUnauthorized)
	case errors.As(err, &forbidden):
		http.Error(w, forbidden.Message, http.StatusForbidden)
	default:
		h.log.Warn("it cannot be told who may look at the reports", "error", err)
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		http.Error(w, "it cannot be told who you are: the API server does not answer", http.StatusServiceUnavailable)
	}
	return false
}

// bearerToken returns the token of a request. Two are none: it would not be
// clear whose request it is.
func bearerToken(r *http.Request) (token string, ok bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= maxToken
}

// maxToken is far above what tokens are, and below what headers may be.
const maxToken = 10 << 10

func challenge(r *http.Request) string {
	const plain = `Bearer realm="reports"`
	if r.Header.Get("Authorization") == "" {
		return plain
	}
	return plain + `, error="invalid_token"`
}

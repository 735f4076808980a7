package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Viewers authorizes clients to read the reports.
type Viewers interface {
	// Admit returns nil if the user of a bearer token may read the reports. The error
	// wraps ErrUnauthenticated if the token is invalid, and is a *ForbiddenError if the
	// user is not authorized; any other error means that neither is known.
	Admit(ctx context.Context, token string) error
}

// ErrUnauthenticated says that a bearer token is missing or invalid.
var ErrUnauthenticated = errors.New("the bearer token is missing or invalid")

// ForbiddenError says that a user may not read the reports, and which permission is
// missing. The response contains it.
type ForbiddenError struct{ Message string }

func (e *ForbiddenError) Error() string { return e.Message }

// retryAfter is the Retry-After, in seconds, while users cannot be authenticated.
const retryAfter = 5

// admit reports whether the client may read the reports; if not, it writes the
// response.
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
		h.log.Warn("cannot authorize a request for reports", "error", err)
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		http.Error(w, "cannot authenticate you: the API server does not respond", http.StatusServiceUnavailable)
	}
	return false
}

// bearerToken returns the token of a request. Several headers count as none: it would
// not be clear which user sends the request.
func bearerToken(r *http.Request) (token string, ok bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= maxToken
}

// maxToken is far above the size of tokens, and below the limit of headers.
const maxToken = 10 << 10

func challenge(r *http.Request) string {
	const plain = `Bearer realm="reports"`
	if r.Header.Get("Authorization") == "" {
		return plain
	}
	return plain + `, error="invalid_token"`
}

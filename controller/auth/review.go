package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// How long reviews are cached. A revoked token is accepted for at most keepAllowed, and
// a rejected token is reviewed again after keepRefused.
const (
	keepAllowed = 10 * time.Second
	keepRefused = 2 * time.Second
)

// ReviewTimeout bounds how long a client waits for the reviews of its token.
const ReviewTimeout = 5 * time.Second

// ErrUnauthenticated says that a token is invalid, or for another audience.
var ErrUnauthenticated = errors.New("the token is invalid")

// Identity is the user of a token, from the API server.
type Identity struct {
	Username  string
	UID       string
	Groups    []string
	Extra     map[string][]string // such as the pod and the node that a token is bound to
	Audiences []string            // the requested audiences that the token is for
}

// TokenReviewClient creates TokenReviews.
type TokenReviewClient interface {
	Create(ctx context.Context, review *authenticationv1.TokenReview, o metav1.CreateOptions) (*authenticationv1.TokenReview, error)
}

// TokenReviewer finds the user of a bearer token by TokenReviews, which it caches for
// seconds.
type TokenReviewer struct {
	reviews TokenReviewClient
	cache   *reviewCache[Identity]
}

// NewTokenReviewer returns a TokenReviewer.
func NewTokenReviewer(reviews TokenReviewClient, clk clock.PassiveClock) *TokenReviewer {
	return &TokenReviewer{reviews: reviews, cache: newReviewCache[Identity](clk)}
}

// Review returns the user of a token. The token must be for one of the audiences, or
// without audiences for the API server itself. The error wraps ErrUnauthenticated, or
// execution.ErrNoAnswer if the API server did not respond.
func (r *TokenReviewer) Review(ctx context.Context, token string, audiences []string) (Identity, error) {
	if token == "" {
		return Identity{}, ErrUnauthenticated
	}
	key := r.cache.Key(append([]string{token}, audiences...)...)
	return r.cache.Get(ctx, key, func(ctx context.Context) (Identity, time.Duration, error) {
		who, err := r.review(ctx, token, audiences)
		switch {
		case err == nil:
			return who, keepAllowed, nil
		case errors.Is(err, ErrUnauthenticated):
			return who, keepRefused, err
		default: // not cached
			return who, 0, err
		}
	})
}

func (r *TokenReviewer) review(ctx context.Context, token string, audiences []string) (Identity, error) {
	review, err := r.reviews.Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: audiences},
	}, metav1.CreateOptions{})
	if err != nil {
		return Identity{}, fmt.Errorf("%w: review a token: %w", execution.ErrNoAnswer, err)
	}
	status := review.Status
	if !status.Authenticated {
		return Identity{}, ErrUnauthenticated
	}
	// An API server that does not support audiences accepts every token, and returns no
	// audiences.
	ours := slices.DeleteFunc(slices.Clone(status.Audiences), func(a string) bool { return !slices.Contains(audiences, a) })
	if len(audiences) > 0 && len(ours) == 0 {
		return Identity{}, fmt.Errorf("%w: it is for another audience", ErrUnauthenticated)
	}
	who := Identity{Username: status.User.Username, UID: status.User.UID, Groups: status.User.Groups, Audiences: ours}
	if len(status.User.Extra) > 0 {
		who.Extra = make(map[string][]string, len(status.User.Extra))
	}
	for key, values := range status.User.Extra {
		who.Extra[key] = values
	}
	return who, nil
}

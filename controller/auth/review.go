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

// How long a review is good for: a token that was revoked works for at most as
// long, and one that was refused is reviewed as often.
const (
	keepAllowed = 10 * time.Second
	keepRefused = 2 * time.Second
)

// ReviewTimeout bounds how long a client waits for the reviews of its token.
const ReviewTimeout = 5 * time.Second

// ErrUnauthenticated is that a token is not valid, or is for another audience.
var ErrUnauthenticated = errors.New("the token is not valid")

// Identity is the owner of a token, as the API server says.
type Identity struct {
	Username  string
	UID       string
	Groups    []string
	Extra     map[string][]string // such as the pod and the node of a token that is bound to them
	Audiences []string            // those asked for that the token is for
}

// TokenReviewClient creates TokenReviews, which is how the API server is asked.
type TokenReviewClient interface {
	Create(ctx context.Context, review *authenticationv1.TokenReview, o metav1.CreateOptions) (*authenticationv1.TokenReview, error)
}

// TokenReviewer asks the API server who owns a bearer token. It caches the answers
// for seconds.
type TokenReviewer struct {
	reviews TokenReviewClient
	cache   *reviewCache[Identity]
}

// NewTokenReviewer returns a TokenReviewer.
func NewTokenReviewer(reviews TokenReviewClient, clk clock.PassiveClock) *TokenReviewer {
	return &TokenReviewer{reviews: reviews, cache: newReviewCache[Identity](clk)}
}

// Review returns the owner of a token. It has to be for one of the audiences; with
// none given, for the API server itself. An error that is not
// ErrUnauthenticated says nothing about the token: the API server did not
// answer, and it is execution.ErrNoAnswer.
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
		default: // the next request asks again
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
	// An API server that knows nothing of audiences lets every token through,
	// and returns none.
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

package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// The permission to read reports: this verb on this non-resource URL.
const (
	ReportsPath = "/reports"
	reportsVerb = "get"
)

// ViewerForbiddenError says that a user may not read the reports.
type ViewerForbiddenError struct{ Username string }

func (e *ViewerForbiddenError) Error() string {
	return fmt.Sprintf("user %q may not read the reports: a ClusterRole must allow the verb %s on the nonResourceURL %s", e.Username, reportsVerb, ReportsPath)
}

// AccessReviewClient creates SubjectAccessReviews.
type AccessReviewClient interface {
	Create(ctx context.Context, review *authorizationv1.SubjectAccessReview, o metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error)
}

// ReportAuthorizer authorizes users to read reports by SubjectAccessReviews, which it
// caches for seconds.
type ReportAuthorizer struct {
	tokens *TokenReviewer
	access AccessReviewClient
	cache  *reviewCache[bool]
}

// NewReportAuthorizer returns a ReportAuthorizer.
func NewReportAuthorizer(tokens *TokenReviewer, access AccessReviewClient, clk clock.PassiveClock) *ReportAuthorizer {
	return &ReportAuthorizer{tokens: tokens, access: access, cache: newReviewCache[bool](clk)}
}

// Authorize returns nil if the user of a token may read the reports. The error wraps
// ErrUnauthenticated, is a *ViewerForbiddenError, or says that the API server did not
// respond.
func (a *ReportAuthorizer) Authorize(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, ReviewTimeout)
	defer cancel()
	who, err := a.tokens.Review(ctx, token, nil)
	if err != nil {
		return err
	}
	spec := authorizationv1.SubjectAccessReviewSpec{
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: ReportsPath, Verb: reportsVerb},
		User:                  who.Username,
		UID:                   who.UID,
		Groups:                who.Groups,
	}
	if len(who.Extra) > 0 {
		spec.Extra = make(map[string]authorizationv1.ExtraValue, len(who.Extra))
	}
	for key, values := range who.Extra {
		spec.Extra[key] = values
	}
	asked, err := json.Marshal(spec) // the order of the fields is always the same
	if err != nil {
		return fmt.Errorf("review access: %w", err)
	}
	allowed, err := a.cache.Get(ctx, a.cache.Key(string(asked)), func(ctx context.Context) (bool, time.Duration, error) {
		return a.review(ctx, spec)
	})
	if err == nil && !allowed {
		return &ViewerForbiddenError{Username: who.Username}
	}
	return err
}

func (a *ReportAuthorizer) review(ctx context.Context, spec authorizationv1.SubjectAccessReviewSpec) (allowed bool, keep time.Duration, err error) {
	review, err := a.access.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: spec}, metav1.CreateOptions{})
	switch {
	case err != nil: // not cached
		return false, 0, fmt.Errorf("%w: review access: %w", execution.ErrNoAnswer, err)
	case review.Status.Allowed && !review.Status.Denied:
		return true, keepAllowed, nil
	default:
		return false, keepRefused, nil
	}
}

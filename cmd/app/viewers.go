package app

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// viewers authorizes users by the API server.
type viewers struct{ authorizer *auth.ReportAuthorizer }

// newViewers returns what authorizes users to read reports; nil admits every client.
func (a *app) newViewers() web.Viewers {
	if a.config.Reports.Auth != config.ReportsServiceAccountToken {
		return nil
	}
	clk := clock.RealClock{}
	tokens := auth.NewTokenReviewer(a.client.AuthenticationV1().TokenReviews(), clk)
	return viewers{auth.NewReportAuthorizer(tokens, a.client.AuthorizationV1().SubjectAccessReviews(), clk)}
}

// Admit returns the decision with the errors of package web.
func (v viewers) Admit(ctx context.Context, token string) error {
	err := v.authorizer.Authorize(ctx, token)
	var forbidden *auth.ViewerForbiddenError
	switch {
	case errors.Is(err, auth.ErrUnauthenticated):
		return fmt.Errorf("%w: %w", web.ErrUnauthenticated, err)
	case errors.As(err, &forbidden):
		return &web.ForbiddenError{Message: forbidden.Error()}
	}
	return err
}

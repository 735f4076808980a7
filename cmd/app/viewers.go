package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/controller"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// viewers lets the API server decide who may look at the reports.
type viewers struct{ *controller.Viewers }

// newViewers returns who may look at the reports; nil is everybody.
func (a *app) newViewers() web.Viewers {
	if a.config.Reports.Auth != config.ReportsServiceAccountToken {
		return nil
	}
	return viewers{controller.NewViewers(a.client)}
}

// Admit is that of the controller, with the errors of the web.
func (v viewers) Admit(ctx context.Context, token string) error {
	err := v.Viewers.Admit(ctx, token)
	var forbidden *controller.ViewerForbiddenError
	switch {
	case errors.Is(err, controller.ErrUnauthenticated):
		return fmt.Errorf("%w: %w", web.ErrUnauthenticated, err)
	case errors.As(err, &forbidden):
		return &web.ForbiddenError{Message: forbidden.Error()}
	}
	return err
}

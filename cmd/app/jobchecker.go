package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// jobChecker checks what only the API server and the extensions know of a NodeCronJob. It
// implements definitions.Checker.
type jobChecker struct {
	*app
	ext extensions
}

// CheckJob implements definitions.Checker.
func (c jobChecker) CheckJob(ctx context.Context, d *definition.Definition) error {
	if err := metrics.CheckGauges(resultOptions(d.Config)); err != nil {
		return &definition.InvalidError{Err: fmt.Errorf("spec.metrics: %w", err)}
	}
	key := "spec.podTemplate"
	if d.Template != nil {
		key = "spec.template"
	}
	err := checkTemplate(ctx, c.client, c.env, key, d.Config, c.ext, c.log)
	var misuse *misuseError
	if errors.As(err, &misuse) {
		return &definition.InvalidError{Err: misuse.err}
	}
	return err
}

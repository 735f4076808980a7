package app

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/follow"
)

// judgeConfig returns the function that validates a changed ConfigMap: it accepts what
// the controller would start with.
func (a *app) judgeConfig(ext extensions) follow.Validate {
	return func(ctx context.Context, running config.Config, data map[string]string) (config.Change, error) {
		wanted, warnings, err := config.Decode(data, a.env, time.Now())
		if err != nil {
			return config.Change{}, &definition.InvalidError{Err: err}
		}
		change := config.Compare(running, wanted)
		err = a.checkWanted(ctx, wanted, ext)
		if err == nil && change.NeedsRestart() { // until then, a mix of both applies
			err = checkDefinition(ctx, a.client, a.env, change.Config, ext, a.log)
		}
		var misuse *misuseError
		switch {
		case errors.As(err, &misuse):
			return change, &definition.InvalidError{Err: misuse.err}
		case err == nil:
			logWarnings(a.log, warnings)
		}
		return change, err
	}
}

// checkWanted validates what config.Decode cannot know.
func (a *app) checkWanted(ctx context.Context, cfg config.Config, ext extensions) error {
	within, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := checkService(within, a.client, a.env, cfg); err != nil {
		return err
	}
	if err := checkReviews(ctx, cfg, a.client); err != nil {
		return err
	}
	return checkDefinition(ctx, a.client, a.env, cfg, ext, a.log)
}

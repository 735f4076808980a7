package cli

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	pollInterval = time.Second
	pollTimeout  = 15 * time.Second // how long the cluster may take to respond
)

// Until polls until a condition holds, or until the timeout. It prints errors of
// the cluster and retries.
func Until(ctx context.Context, timeout time.Duration, printer *DedupPrinter, poll func(ctx context.Context) (done bool, err error)) error {
	over := time.NewTimer(timeout)
	defer over.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		done, err := pollOnce(ctx, poll)
		var status *StatusError
		switch {
		case errors.As(err, &status):
			return err
		case err != nil && ctx.Err() == nil:
			printer.Print("no response, retrying: " + err.Error())
		case done:
			return nil
		}
		select {
		case <-ticker.C:
		case <-over.C:
			return &StatusError{Status: ExitTimeout, Err: fmt.Errorf("timed out after %s", timeout)}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func pollOnce(ctx context.Context, poll func(ctx context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	return poll(ctx)
}

package batchjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	pollInterval = time.Second
	pollTimeout  = 15 * time.Second // how long the cluster may take to respond
)

// until polls until a condition holds, or until the timeout. It prints errors of
// the cluster and retries.
func until(ctx context.Context, timeout time.Duration, printer *dedupPrinter, poll func(ctx context.Context) (done bool, err error)) error {
	over := time.NewTimer(timeout)
	defer over.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		done, err := pollOnce(ctx, poll)
		var status *statusError
		switch {
		case errors.As(err, &status):
			return err
		case err != nil && ctx.Err() == nil:
			printer.print("no response, retrying: " + err.Error())
		case done:
			return nil
		}
		select {
		case <-ticker.C:
		case <-over.C:
			return &statusError{exitTimeout, fmt.Errorf("timed out after %s", timeout)}
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

// dedupPrinter prints a text only if it differs from the last one.
type dedupPrinter struct {
	to         io.Writer
	last       string
	summaryKey string // of the last printed details
}

func (n *dedupPrinter) print(text string) {
	if text != n.last {
		fmt.Fprintln(n.to, text)
	}
	n.last = text
}

// printWith prints details too, unless their summary key is that of the last
// printed details.
func (n *dedupPrinter) printWith(text, details, summaryKey string) {
	if summaryKey != "" && summaryKey != n.summaryKey {
		n.last = "" // the details belong to the text
		n.print(text)
		fmt.Fprintln(n.to, details)
	} else {
		n.print(text)
	}
	n.summaryKey = summaryKey
}

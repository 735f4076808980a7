package batchjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	lookInterval = time.Second      // how often it is looked whether something is so
	lookTimeout  = 15 * time.Second // how long the cluster may take to answer
)

// until looks until something is so, or for as long as it may take. What the
// cluster does not answer meanwhile is said, and asked again.
func until(ctx context.Context, timeout time.Duration, news *news, look func(ctx context.Context) (done bool, err error)) error {
	over := time.NewTimer(timeout)
	defer over.Stop()
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		done, err := lookOnce(ctx, look)
		var status *statusError
		switch {
		case errors.As(err, &status):
			return err
		case err != nil && ctx.Err() == nil:
			news.say("no answer, trying again: " + err.Error())
		case done:
			return nil
		}
		select {
		case <-ticker.C:
		case <-over.C:
			return &statusError{exitTimeout, fmt.Errorf("not over after %s", timeout)}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func lookOnce(ctx context.Context, look func(ctx context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return look(ctx)
}

// news says each thing once, as long as nothing else is said.
type news struct {
	to   io.Writer
	last string
	gist string // of the details that were said last
}

func (n *news) say(text string) {
	if text != n.last {
		fmt.Fprintln(n.to, text)
	}
	n.last = text
}

// sayWith says also the details, if they are others than those of before. Their
// gist tells.
func (n *news) sayWith(text, details, gist string) {
	if gist != "" && gist != n.gist {
		n.last = "" // the details belong to the text
		n.say(text)
		fmt.Fprintln(n.to, details)
	} else {
		n.say(text)
	}
	n.gist = gist
}

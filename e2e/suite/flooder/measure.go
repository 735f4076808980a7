package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// measured has the latencies of a pod's callbacks: while other pods start, before the flood, and
// during it.
type measured struct {
	Early, Quiet, Flooded latencies
}

type latencies struct {
	Requests int
	Refused  []string // the rejected requests, with their responses
	MedianMS float64
	P95MS    float64
}

// measure posts a result ten times a second until the flood begins, and then again until shortly
// before the flood ends.
func measure(ctx context.Context, begun time.Time) any {
	client := newClient(1)
	return measured{
		Early:   measureFrom(ctx, client, time.Now(), begun.Add(quietFrom)),
		Quiet:   measureFrom(ctx, client, begun.Add(quietFrom), begun.Add(quietTo)),
		Flooded: measureFrom(ctx, client, begun.Add(floodFrom), begun.Add(floodTo-3*time.Second)),
	}
}

func measureFrom(ctx context.Context, client *http.Client, from, to time.Time) latencies {
	pause(ctx, time.Until(from))
	var took []time.Duration
	var l latencies
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for time.Now().Before(to) && ctx.Err() == nil {
		<-ticker.C
		sent := time.Now()
		status, answer, err := exchange(ctx, client, resultURL(), strings.NewReader(oneResult))
		took = append(took, time.Since(sent))
		if status != http.StatusOK || err != nil {
			l.Refused = append(l.Refused, fmt.Sprintf("%s: %d %s %v", sent.Format(time.TimeOnly), status, answer, err))
		}
	}
	l.Requests = len(took)
	if l.Requests == 0 {
		return l
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	l.MedianMS, l.P95MS = ms(took[len(took)/2]), ms(took[len(took)*95/100])
	return l
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

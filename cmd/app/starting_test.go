package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// toldProblems are the requested events.
type toldProblems []string

func (t *toldProblems) NotStarted(_ context.Context, problem string) error {
	*t = append(*t, problem)
	return errors.New("events are rejected, which stops no replica")
}

func TestStartWaitsForTheAPIServer(t *testing.T) {
	away := errors.New("connection refused")
	wrong := &misuseError{errors.New("podPoolSize: 0")}
	throttled := fmt.Errorf("read ConfigMap: %w", apierrors.NewTooManyRequestsError("later"))
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "key", errors.New("no rule"))
	tests := map[string]struct {
		answers   []error // the last one is repeated
		wantAfter time.Duration
		want      error
		wantTold  []string
	}{
		"it answers at once":                     {[]error{nil}, 0, nil, nil},
		"it answers after a while":               {[]error{away, away, away, nil}, 7 * time.Second, nil, nil},
		"the configuration is wrong":             {[]error{wrong}, 0, wrong, []string{"podPoolSize: 0"}},
		"it answers that all is wrong":           {[]error{away, wrong}, time.Second, wrong, []string{"podPoolSize: 0"}},
		"the process is terminated before":       {[]error{away}, 10 * time.Minute, away, nil},
		"it rejects, which is reported once":     {[]error{forbidden, forbidden, away, forbidden, nil}, 15 * time.Second, nil, []string{forbidden.Error()}},
		"it refuses for one reason, and another": {[]error{forbidden, throttled, nil}, 3 * time.Second, nil, []string{forbidden.Error(), throttled.Error()}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				var told toldProblems
				start := &starting{log: slog.New(slog.DiscardHandler), events: &told}
				began, n := time.Now(), 0
				err := start.untilAnswered(ctx, "configuration", func() error {
					answer := tt.answers[min(n, len(tt.answers)-1)]
					n++
					return answer
				})
				start.ended(ctx, err)
				if after := time.Since(began); !errors.Is(err, tt.want) || after != tt.wantAfter {
					t.Errorf("got %v after %s, want %v after %s", err, after, tt.want, tt.wantAfter)
				}
				if most := 60; n > most {
					t.Errorf("it was asked %d times, want at most %d", n, most)
				}
				if !slices.Equal(told, tt.wantTold) {
					t.Errorf("told %q, want %q", told, tt.wantTold)
				}
			})
		})
	}
}

// Replicas that start together must not retry together.
func TestPausesOfAStartHaveJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := newStarting(config.Env{}, nil, slog.New(slog.DiscardHandler))
		if start.jitter == nil {
			t.Fatal("a start has no jitter")
		}
		start.jitter = func() float64 { return 0.5 }
		began, n := time.Now(), 0
		err := start.untilAnswered(t.Context(), "configuration", func() error {
			if n++; n < 3 {
				return errors.New("connection refused")
			}
			return nil
		})
		if after := time.Since(began); err != nil || after != 2700*time.Millisecond {
			t.Errorf("got %v after %s, want an answer after 2.7s", err, after)
		}
	})
}

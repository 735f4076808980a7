package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestProbes(t *testing.T) {
	synced := func(is bool) func(*health) { return func(h *health) { h.readyWhen(func() bool { return is }) } }
	tests := map[string]struct {
		when      func(*health)
		wantReady int
	}{
		"the configuration is not read": {func(*health) {}, http.StatusServiceUnavailable},
		"the caches are not filled":     {synced(false), http.StatusServiceUnavailable},
		"all is well":                   {synced(true), http.StatusOK},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var h health
			tt.when(&h)
			for path, want := range map[string]int{"/healthz": http.StatusOK, "/livez": http.StatusOK, "/readyz": tt.wantReady} {
				w := httptest.NewRecorder()
				h.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
				if w.Code != want {
					t.Errorf("%s: got %d, want %d", path, w.Code, want)
				}
			}
		})
	}
}

func TestStartWaitsForTheAPIServer(t *testing.T) {
	away := errors.New("connection refused")
	wrong := &misuseError{errors.New("podPoolSize: 0")}
	tests := map[string]struct {
		answers   []error // the last one comes again and again
		wantAfter time.Duration
		want      error
	}{
		"it answers at once":                {[]error{nil}, 0, nil},
		"it answers after a while":          {[]error{away, away, away, nil}, 7 * time.Second, nil},
		"the configuration is wrong":        {[]error{wrong}, 0, wrong},
		"it answers that all is wrong":      {[]error{away, wrong}, time.Second, wrong},
		"the process is told to end before": {[]error{away}, 10 * time.Minute, away},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				began, n := time.Now(), 0
				err := untilAnswered(ctx, slog.New(slog.DiscardHandler), "configuration", func() error {
					answer := tt.answers[min(n, len(tt.answers)-1)]
					n++
					return answer
				})
				if after := time.Since(began); !errors.Is(err, tt.want) || after != tt.wantAfter {
					t.Errorf("got %v after %s, want %v after %s", err, after, tt.want, tt.wantAfter)
				}
				if most := 60; n > most {
					t.Errorf("it was asked %d times, want at most %d", n, most)
				}
			})
		})
	}
}

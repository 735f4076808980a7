package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
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

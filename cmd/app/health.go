package app

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// health answers the probes, from before the configuration is read: a process
// that waits for the API server is well, and a restart would not help it.
type health struct {
	ready atomic.Pointer[func() bool] // nil: not yet
}

func (h *health) readyWhen(ready func() bool) { h.ready.Store(&ready) }

// handler returns what is served. A standby is ready too: readiness that
// followed the Lease would keep a rolling update from ever ending.
func (h *health) handler() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /livez", ok)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		switch ready := h.ready.Load(); {
		case ready == nil:
			http.Error(w, "the configuration is not read yet", http.StatusServiceUnavailable)
		case !(*ready)():
			http.Error(w, "the caches are not filled yet", http.StatusServiceUnavailable)
		default:
			ok(w, r)
		}
	})
	return mux
}

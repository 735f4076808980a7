package app

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// health responds to probes, even before the configuration is read: a process that
// waits for the API server is healthy, and a restart would not help.
type health struct {
	ready atomic.Pointer[func() bool] // nil: not ready yet
}

func (h *health) readyWhen(ready func() bool) { h.ready.Store(&ready) }

// handler returns the handler of the probes. A standby is ready too: if only the leader
// were ready, a rolling update would never end.
func (h *health) handler() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /livez", ok)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		switch ready := h.ready.Load(); {
		case ready == nil:
			http.Error(w, "the configuration has not been read yet", http.StatusServiceUnavailable)
		case !(*ready)():
			http.Error(w, "the caches have not synced yet", http.StatusServiceUnavailable)
		default:
			ok(w, r)
		}
	})
	return mux
}

package app

import (
	"net/http"
	"net/http/pprof"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
)

// addProfiler serves profiles, if the flag is set.
func (a *app) addProfiler() {
	if a.options.PprofAddress != "" {
		a.servers = append(a.servers, httpserver.New(a.options.PprofAddress, newProfiler(), httpserver.Options{Log: a.log, MaxConnections: fewConnections}))
	}
}

// newProfiler serves profiles for `go tool pprof`, but neither the command line nor
// symbols, which profiles of Go contain.
//
// The import of net/http/pprof registers all of it on http.DefaultServeMux, which no
// port may serve: every server has its own handler (httpserver.New), as
// TestTheDefaultMuxIsNotServed of package cmd checks.
func newProfiler() http.Handler {
	const root = "/debug/pprof/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, pprof.Index) // and the profiles by their names
	mux.HandleFunc("GET "+root+"profile", pprof.Profile)
	mux.HandleFunc("GET "+root+"trace", pprof.Trace)
	return mux
}

package app

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
)

// checkPprofAddress accepts only loopback addresses, for local clients and port
// forwarding: profiles reveal the contents of memory.
func checkPprofAddress(address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--pprof-bind-address %q: must be host:port: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--pprof-bind-address %q: must be a loopback address, such as 127.0.0.1:6060 or [::1]:6060", address)
	}
	return nil
}

// addProfiler serves profiles, if the flag is set.
func (a *app) addProfiler() {
	if a.options.pprofAddress != "" {
		a.servers = append(a.servers, httpserver.New(a.options.pprofAddress, newProfiler(), httpserver.Options{Log: a.log, MaxConnections: fewConnections}))
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

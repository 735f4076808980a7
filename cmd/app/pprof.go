package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
)

// checkPprofAddress lets through what only this machine, or who may forward a
// port to the pod, can reach: profiles tell what is in memory.
func checkPprofAddress(address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("-pprof-address %q: must be host:port: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("-pprof-address %q: must be a loopback address, such as 127.0.0.1:6060 or [::1]:6060", address)
	}
	return nil
}

// addProfiler serves profiles, if that was asked for.
func (a *app) addProfiler() {
	if a.options.pprofAddress != "" {
		a.servers = append(a.servers, httpserver.New(a.options.pprofAddress, newProfiler(), httpserver.Options{Log: a.log, MaxConnections: fewConnections}))
	}
}

// newProfiler serves what `go tool pprof` asks for. It stands in for
// net/http/pprof, which puts itself on the mux that everybody shares.
func newProfiler() http.Handler {
	const root = "/debug/pprof/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"{$}", listProfiles)
	mux.HandleFunc("GET "+root+"{name}", serveProfile)
	mux.HandleFunc("GET "+root+"profile", during(pprof.StartCPUProfile, pprof.StopCPUProfile))
	mux.HandleFunc("GET "+root+"trace", during(trace.Start, trace.Stop))
	return mux
}

func listProfiles(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "profile?seconds=30\ntrace?seconds=1")
	for _, p := range pprof.Profiles() {
		fmt.Fprintf(w, "%s (%d)\n", p.Name(), p.Count())
	}
}

func serveProfile(w http.ResponseWriter, r *http.Request) {
	profile := pprof.Lookup(r.PathValue("name"))
	if profile == nil {
		http.Error(w, "no such profile", http.StatusNotFound)
		return
	}
	if r.FormValue("gc") != "" && profile.Name() == "heap" {
		runtime.GC()
	}
	debug, _ := strconv.Atoi(r.FormValue("debug")) // anything else is 0, the binary form
	asText := debug != 0
	setProfileType(w.Header(), asText)
	_ = profile.WriteTo(w, debug) // an error is one of the client's connection
}

// during serves what is recorded for some seconds.
func during(start func(io.Writer) error, stop func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		seconds := 30
		if text := r.FormValue("seconds"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > 600 {
				http.Error(w, "seconds: must be a whole number from 1 to 600", http.StatusBadRequest)
				return
			}
			seconds = n
		}
		setProfileType(w.Header(), false)
		if err := start(w); err != nil { // another one is being recorded
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		defer stop()
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(seconds)*time.Second)
		defer cancel()
		<-ctx.Done()
	}
}

func setProfileType(header http.Header, asText bool) {
	header.Set("X-Content-Type-Options", "nosniff")
	if asText {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		return
	}
	header.Set("Content-Type", "application/octet-stream")
}

package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/callback/web"
	"github.com/batch-job-controller/batch-job-controller/cmd/app/flags"
)

func TestProfiles(t *testing.T) {
	gzipped := string([]byte{0x1f, 0x8b})
	tests := map[string]struct {
		method, path string
		want         int
		wantBegin    string
	}{
		"the list":                     {path: "/debug/pprof/", want: 200, wantBegin: "<html>"},
		"the heap":                     {path: "/debug/pprof/heap?gc=1", want: 200, wantBegin: gzipped},
		"the goroutines as text":       {path: "/debug/pprof/goroutine?debug=2", want: 200, wantBegin: "goroutine "},
		"the processor for a second":   {path: "/debug/pprof/profile?seconds=1", want: 200, wantBegin: gzipped},
		"a trace of a second":          {path: "/debug/pprof/trace?seconds=1", want: 200, wantBegin: "go "},
		"no time":                      {path: "/debug/pprof/heap?seconds=0", want: 400, wantBegin: "invalid value"},
		"a profile there is not":       {path: "/debug/pprof/nosuch", want: 404},
		"the command line is not told": {path: "/debug/pprof/cmdline", want: 404},
		"nothing else is there":        {path: "/", want: 404},
		"a method there is not":        {method: http.MethodPost, path: "/debug/pprof/heap", want: 405},
	}
	h := newProfiler()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.method == "" {
				tt.method = http.MethodGet
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, http.NoBody))
			if w.Code != tt.want || !strings.HasPrefix(w.Body.String(), tt.wantBegin) {
				t.Errorf("got %d %.40q, want %d %q", w.Code, w.Body, tt.want, tt.wantBegin)
			}
		})
	}
}

// The import of net/http/pprof registers profiles on http.DefaultServeMux.
func TestNoPortServesTheDefaultMux(t *testing.T) {
	const path = "/debug/pprof/cmdline"
	request := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	if _, pattern := http.DefaultServeMux.Handler(request); pattern == "" {
		t.Fatalf("%s is not on the default mux: this test shows nothing", path)
	}
	log := slog.New(slog.DiscardHandler)
	a := &app{registry: prometheus.NewRegistry(), log: log}
	for port, h := range map[string]http.Handler{
		"health":    new(health).handler(),
		"metrics":   a.metrics(),
		"reports":   web.NewHandler(fstest.MapFS{}, web.Options{Log: log}),
		"callbacks": callback.NewHandler(nil, callback.Options{Log: log}),
		"profiles":  newProfiler(),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d %.40q, want %d", port, w.Code, w.Body, http.StatusNotFound)
		}
	}
}

func TestTheProfilerIsAServerOfItsOwn(t *testing.T) {
	for address, want := range map[string]int{"": 0, "127.0.0.1:0": 1} {
		a := &app{options: flags.Options{PprofAddress: address}}
		a.addProfiler()
		if got := len(a.servers); got != want {
			t.Errorf("%q: %d servers, want %d", address, got, want)
		}
	}
}

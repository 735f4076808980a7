package httpserver

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
)

func TestForwarder(t *testing.T) {
	leader := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.Path)
		_, _ = io.WriteString(w, "the leader's")
	})}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = leader.Serve(listener) }()
	t.Cleanup(func() { _ = leader.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		elsewhere string // leads
		forwarded bool   // by another replica
		want      bool
	}{
		"another replica leads":            {elsewhere: "127.0.0.1", want: true},
		"no other replica leads":           {},
		"the leader does not answer":       {elsewhere: "127.0.0.99"},
		"another replica has passed it on": {elsewhere: "127.0.0.1", forwarded: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := NewForwarder(func() string { return tt.elsewhere }, port, nil, slog.New(slog.DiscardHandler))
			w := httptest.NewRecorder()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://reports/latest/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if tt.forwarded {
				r.Header.Set(ForwardedHeader, "true")
			}
			if got := f.Forward(w, r); got != tt.want {
				t.Errorf("answered: got %t, want %t", got, tt.want)
			}
			if want := map[bool]string{true: "the leader's/latest/"}[tt.want]; w.Body.String()+w.Header().Get("X-Path") != want {
				t.Errorf("answer: got %q, want %q", w.Body.String()+w.Header().Get("X-Path"), want)
			}
		})
	}
}

func TestReplicasForwardWithTLS(t *testing.T) {
	ours, other := servertest.NewAuthority(t), servertest.NewAuthority(t)
	tests := map[string]struct {
		secure ForwardTLS
		want   bool
	}{
		"the same authority":             {ours.Client(t, "svc.ns.svc"), true},
		"another authority":              {other.Client(t, "svc.ns.svc"), false},
		"another Service's certificate":  {ours.Client(t, "other.ns.svc"), false},
		"plain HTTP":                     {nil, false},
		"what is trusted is not known":   {func() (*tls.Config, error) { return nil, errors.New("no certificate yet") }, false},
		"the address rather than a name": {ours.Client(t, "127.0.0.1"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got atomic.Pointer[http.Request]
			address := openTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got.Store(r)
				_, _ = io.WriteString(w, "from the leader")
			}), ours.Server(t, "svc.ns.svc"))
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			f := NewForwarder(func() string { return host }, port, tt.secure, slog.New(slog.DiscardHandler))
			w := httptest.NewRecorder()
			answered := f.Forward(w, httptest.NewRequest(http.MethodGet, "/latest/", http.NoBody))
			came := got.Load() != nil
			if came != tt.want || answered != tt.want || (answered && w.Body.String() != "from the leader") {
				t.Errorf("it came to the leader: %t, answered %t %q", came, answered, w.Body)
			}
		})
	}
}

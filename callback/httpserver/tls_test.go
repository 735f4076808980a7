package httpserver

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

func openTLS(t *testing.T, h http.Handler, secure *tls.Config) string {
	t.Helper()
	server := New("127.0.0.1:0", h, Options{TLS: secure})
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = server.Close(ctx)
	})
	return server.Addr()
}

func TestWhatDoesNotSpeakOurTLSIsRefused(t *testing.T) {
	ours := servertest.NewAuthority(t)
	address := openTLS(t, answering("hello"), ours.Server(t, "svc"))
	if got, body := send(t, address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); got.StatusCode != http.StatusBadRequest || strings.Contains(body, "hello") {
		t.Errorf("plain HTTP: got %d %q, want 400", got.StatusCode, body)
	}
	pool, err := certificate.Pool(ours.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		version uint16
		want    bool
	}{
		"TLS 1.0": {tls.VersionTLS10, false},
		"TLS 1.1": {tls.VersionTLS11, false},
		"TLS 1.2": {tls.VersionTLS12, true},
		"TLS 1.3": {tls.VersionTLS13, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", address, &tls.Config{MinVersion: tt.version, MaxVersion: tt.version, RootCAs: pool, ServerName: "svc", NextProtos: []string{"h2", "http/1.1"}})
			if got := err == nil; got != tt.want {
				t.Fatalf("connected: %t, %v", got, err)
			}
			if !tt.want {
				return
			}
			defer conn.Close()
			if got := conn.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
				t.Errorf("they speak %q: requests of one connection are to come one after the other", got)
			}
		})
	}
}

// The next connection gets a renewed certificate.
func TestACertificateIsRenewedWithoutARestart(t *testing.T) {
	ours := servertest.NewAuthority(t)
	var current atomic.Pointer[tls.Config]
	current.Store(ours.Server(t, "before"))
	address := openTLS(t, answering("hello"), &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return current.Load().GetCertificate(hello)
		},
	})
	for _, name := range []string{"before", "after"} {
		current.Store(ours.Server(t, name))
		how, err := ours.Client(t, name)()
		if err != nil {
			t.Fatal(err)
		}
		conn, err := tls.Dial("tcp", address, how)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = conn.Close()
	}
}

package callback

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/controller/servingcert/certificate"
)

// authority vouches for the replicas of a test.
type authority struct {
	certificate.Authority
	bundle []byte
}

func newTestAuthority(t *testing.T) authority {
	t.Helper()
	a, err := certificate.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return authority{Authority: a, bundle: certificate.FormatBundle([]*x509.Certificate{a.Certificate})}
}

// server returns how a server with a certificate of this authority is served.
func (a authority) server(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	made, err := a.Issue(certificate.Names{DNS: names, Addresses: []net.IP{net.ParseIP("127.0.0.1")}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return made, nil }}
}

// client returns how a server with one is reached.
func (a authority) client(t *testing.T, name string) ForwardTLS {
	t.Helper()
	pool, err := certificate.Pool(a.bundle)
	if err != nil {
		t.Fatal(err)
	}
	return func() (*tls.Config, error) {
		return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, ServerName: name}, nil
	}
}

func openTLS(t *testing.T, h http.Handler, secure *tls.Config) string {
	t.Helper()
	server := NewServer("127.0.0.1:0", h, ServerOptions{TLS: secure})
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

// The scripts of the jobs need no change: curl finds what to trust in its
// environment.
func TestAnUnchangedCurlReportsWithTLS(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("this machine lacks the command curl")
	}
	ours, other := newTestAuthority(t), newTestAuthority(t)
	tests := map[string]struct {
		trusted authority
		wantErr bool
		want    string
	}{
		"the authority that is mounted": {trusted: ours, want: `result of node-1.zone-a at 20261124034200: {"a":[{"value":1}]}`},
		"another authority":             {trusted: other, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := &fakeRecorder{}
			address := openTLS(t, NewHandler(recorder, Options{}), ours.server(t, "svc.ns.svc"))
			bundle := filepath.Join(t.TempDir(), "ca.crt")
			if err := os.WriteFile(bundle, tt.trusted.bundle, 0o600); err != nil {
				t.Fatal(err)
			}
			url := "https" + strings.TrimPrefix(callbackURL(t, address, route.Result), "http")
			command := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -fsS -H "Content-Type: application/json" -d '{"a":[{"value":1}]}' "$CALLBACK_SERVICE_RESULT_URL"`, curl)
			command.Env = []string{"CURL_CA_BUNDLE=" + bundle, "CALLBACK_SERVICE_RESULT_URL=" + url, "PATH=" + os.Getenv("PATH")}
			output, err := command.CombinedOutput()
			if (err != nil) != tt.wantErr || recorder.called() != tt.want {
				t.Errorf("curl: %v\n%s\nrecorded %q, want %q", err, output, recorder.called(), tt.want)
			}
		})
	}
}

func TestWhatDoesNotSpeakOurTLSIsRefused(t *testing.T) {
	ours := newTestAuthority(t)
	address := openTLS(t, answering("hello"), ours.server(t, "svc"))
	if got := send(t, address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); got.status != http.StatusBadRequest || strings.Contains(got.body, "hello") {
		t.Errorf("plain HTTP: got %d %q, want 400", got.status, got.body)
	}
	pool, err := certificate.Pool(ours.bundle)
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

// A certificate that is renewed is shown to the next connection.
func TestACertificateIsRenewedWithoutARestart(t *testing.T) {
	ours := newTestAuthority(t)
	var current atomic.Pointer[tls.Config]
	current.Store(ours.server(t, "before"))
	address := openTLS(t, answering("hello"), &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return current.Load().GetCertificate(hello)
		},
	})
	for _, name := range []string{"before", "after"} {
		current.Store(ours.server(t, name))
		how, err := ours.client(t, name)()
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

func TestReplicasForwardWithTLS(t *testing.T) {
	ours, other := newTestAuthority(t), newTestAuthority(t)
	tests := map[string]struct {
		secure ForwardTLS
		want   bool
	}{
		"the same authority":             {ours.client(t, "svc.ns.svc"), true},
		"another authority":              {other.client(t, "svc.ns.svc"), false},
		"another Service's certificate":  {ours.client(t, "other.ns.svc"), false},
		"plain HTTP":                     {nil, false},
		"what is trusted is not known":   {func() (*tls.Config, error) { return nil, errors.New("no certificate yet") }, false},
		"the address rather than a name": {ours.client(t, "127.0.0.1"), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got atomic.Pointer[http.Request]
			address := openTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got.Store(r)
				_, _ = io.WriteString(w, "from the leader")
			}), ours.server(t, "svc.ns.svc"))
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			f := NewForwarder(newElection(Leader{Host: host}).find, port, tt.secure, slog.New(slog.DiscardHandler))
			w := httptest.NewRecorder()
			answered := f.Forward(w, httptest.NewRequest(http.MethodGet, "/latest/", http.NoBody))
			came := got.Load() != nil
			if came != tt.want || answered != tt.want || (answered && w.Body.String() != "from the leader") {
				t.Errorf("it came to the leader: %t, answered %t %q", came, answered, w.Body)
			}
		})
	}
}

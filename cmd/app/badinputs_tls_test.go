package app

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// tlsPort is a client of a callback port with TLS. Version 0 is plain HTTP.
type tlsPort struct {
	version uint16
	taken   bool
}

func (p tlsPort) check(t *testing.T, _ *badServer, _ string) {
	t.Helper()
	text := strings.Replace(badConfiguration, "callback:\n", "callback:\n  tls: selfSigned\n", 1)
	s := newBadServer(t, text, corev1.ServiceSpec{ClusterIP: "10.96.0.7"}, []string{"a"})
	a := s.run(t)
	s.await(t, isJob)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", a.servers[0].Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if p.version == 0 {
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: bad\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(answer), " 400 ") {
			t.Errorf("answer: got %q, %v, want 400", answer, err)
		}
		return
	}
	err = tls.Client(conn, &tls.Config{
		MinVersion: p.version, MaxVersion: p.version,
		InsecureSkipVerify: true, //nolint:gosec // whose certificate it is is another test
	}).HandshakeContext(t.Context())
	if (err == nil) != p.taken {
		t.Errorf("handshake: %v", err)
	}
}

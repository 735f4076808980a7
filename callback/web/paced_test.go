package web_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/web"
)

// pipeListener has one connection in memory, without a buffer: a write waits for a
// read.
type pipeListener struct {
	conns chan net.Conn
	close func()
}

func newPipeListener() (l pipeListener, client net.Conn) {
	client, server := net.Pipe()
	l.conns = make(chan net.Conn, 1)
	l.conns <- server
	l.close = sync.OnceFunc(func() { close(l.conns) })
	return l, client
}

func (l pipeListener) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (l pipeListener) Close() error   { l.close(); return nil }
func (l pipeListener) Addr() net.Addr { return &net.IPAddr{} }

func TestSlowViewers(t *testing.T) {
	const size = 256 << 10
	tests := map[string]struct {
		pause    time.Duration // before each KiB is read
		wantAll  bool
		wantTime time.Duration // at most, until the connection is free again
	}{
		"one that reads slowly has it all": {pause: time.Second / 2, wantAll: true, wantTime: 5 * time.Minute},
		"one that hardly reads is let go":  {pause: 20 * time.Second, wantTime: time.Minute},
		"one that does not read is let go": {pause: time.Hour, wantTime: time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := web.NewHandler(fstest.MapFS{newer + "/a.bin": {Data: make([]byte, size)}}, web.Options{})
				began, took := time.Now(), make(chan time.Duration, 1)
				server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h.ServeHTTP(w, r)
					took <- time.Since(began)
				})}
				listener, client := newPipeListener()
				go func() { _ = server.Serve(listener) }()
				defer server.Close()
				if _, err := io.WriteString(client, "GET /"+newer+"/a.bin HTTP/1.0\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				var got strings.Builder
				for {
					time.Sleep(tt.pause)
					if _, err := io.CopyN(&got, client, 1<<10); err != nil {
						break
					}
				}
				if all := got.Len() > size; all != tt.wantAll {
					t.Errorf("got %d bytes of %d, want all: %t", got.Len(), size, tt.wantAll)
				}
				if d := <-took; d > tt.wantTime {
					t.Errorf("it took %s, want at most %s", d, tt.wantTime)
				}
			})
		})
	}
}

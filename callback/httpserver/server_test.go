package httpserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	_ "net/http/pprof" //nolint:gosec // G108: that it is not served is what is tested
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
)

// send writes raw text to the server, and reads one response.
func send(t *testing.T, address, text string) (got *http.Response, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return exchange(t, conn, strings.NewReader(text))
}

// exchange writes and reads concurrently, because the response may come before the
// end of the request, and closes the connection.
func exchange(t *testing.T, conn net.Conn, text io.Reader) (got *http.Response, body string) {
	t.Helper()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.Copy(conn, text) // the server may stop reading
	}()
	got, body = readAnswer(t, bufio.NewReader(conn))
	conn.Close()
	<-written
	return got, body
}

func answering(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

// The import of net/http/pprof registers profiles on http.DefaultServeMux.
func TestAServerWithoutAHandlerDoesNotServeTheDefaultMux(t *testing.T) {
	server := New("127.0.0.1:0", nil, Options{})
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	if got, body := send(t, server.Addr(), "GET /debug/pprof/cmdline HTTP/1.0\r\n\r\n"); got.StatusCode != http.StatusNotFound {
		t.Errorf("got %s %q, want 404", got.Status, body)
	}
}

func TestServerOpensServesAndCloses(t *testing.T) {
	server := New("127.0.0.1:0", answering("hello"), Options{})
	if got := server.Addr(); got != "" {
		t.Errorf("Addr before Open: got %q", got)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Errorf("Close before Open: %v", err)
	}
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, body := send(t, server.Addr(), "GET / HTTP/1.0\r\n\r\n"); body != "hello" {
		t.Errorf("answer: got %q", body)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	<-server.Done()
	if _, err := net.Dial("tcp", server.Addr()); err == nil {
		t.Errorf("the port is still open")
	}
}

func TestAPortThatIsTakenIsAnErrorOfOpen(t *testing.T) {
	first := New("127.0.0.1:0", answering(""), Options{})
	if err := first.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer first.Close(t.Context())
	if err := New(first.Addr(), answering(""), Options{}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("Open: got %v", err)
	}
}

func TestCloseWaitsForRequestsUntilItsContextEnds(t *testing.T) {
	tests := map[string]struct {
		work    time.Duration
		wantErr error
	}{
		"a request that ends in time": {work: 5 * time.Second},
		"a request that does not":     {work: time.Hour, wantErr: context.DeadlineExceeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := New("", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(tt.work):
					case <-r.Context().Done():
					}
				}), Options{})
				listener := servertest.NewPipeListener()
				server.Serve(listener)
				conn := listener.Dial()
				defer conn.Close()
				if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := server.Close(ctx); !errors.Is(err, tt.wantErr) {
					t.Errorf("Close: got %v, want %v", err, tt.wantErr)
				}
			})
		})
	}
}

func TestCloseTellsWhyServingFailed(t *testing.T) {
	server := New("", answering(""), Options{})
	listener := servertest.NewPipeListener()
	server.Serve(listener)
	listener.Close()
	<-server.Done()
	if err := server.Close(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close: got %v, want %v", err, net.ErrClosed)
	}
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := servertest.NewPipeListener()
		full := 0
		server := New("", answering("hello"), Options{MaxConnections: 1, ObserveFull: func() { full++ }})
		server.Serve(listener)
		first := listener.Dial()
		accepted := make(chan net.Conn)
		go func() { accepted <- listener.Dial() }()
		synctest.Wait()
		select {
		case <-accepted:
			t.Error("the second connection was accepted beside the first")
		default:
		}
		if full != 1 {
			t.Errorf("it was full %d times, want once", full)
		}
		first.Close()
		second := <-accepted
		if _, body := exchange(t, second, strings.NewReader("GET / HTTP/1.0\r\n\r\n")); body != "hello" {
			t.Errorf("answer: got %q", body)
		}
		third := listener.Dial()
		synctest.Wait() // the server waits for a slot now
		if err := server.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		third.Close()
	})
}

func TestAConnectionThatIsKeptForLaterGivesWayToOneThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := New("", answering("hello"), Options{MaxConnections: 2})
		listener := servertest.NewPipeListener()
		server.Serve(listener)
		const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
		var idle []*bufio.Reader
		for range 2 {
			conn := listener.Dial()
			defer conn.Close()
			idle = append(idle, bufio.NewReader(conn))
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			readAnswer(t, idle[len(idle)-1])
		}
		began := time.Now()
		waiting := listener.Dial()
		defer waiting.Close()
		if _, err := io.WriteString(waiting, request); err != nil {
			t.Fatal(err)
		}
		if got, _ := readAnswer(t, bufio.NewReader(waiting)); got.Header.Get("Connection") == "close" {
			t.Error("connections are not kept alive, although the server is no longer full")
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it waited %s for a connection that was idle", took)
		}
		if err := server.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// readAnswer reads a complete response.
func readAnswer(t *testing.T, r *bufio.Reader) (got *http.Response, body string) {
	t.Helper()
	got, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	return got, string(text)
}

func TestTheServersOwnComplaintsAreLogged(t *testing.T) {
	var logged bytes.Buffer
	server := New("127.0.0.1:0", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }), Options{Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, conn) // until the server closes the connection
	if err := server.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := logged.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "panic serving") {
		t.Errorf("log: got %q", got)
	}
}

func TestTheHeaderHasItsDeadline(t *testing.T) {
	for name, tt := range map[string]struct {
		wait   time.Duration
		wantOK bool
	}{
		"in time":  {900 * time.Millisecond, true},
		"too late": {1100 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := New("", answering("hello"), Options{HeaderDeadline: time.Second})
				listener := servertest.NewPipeListener()
				server.Serve(listener)
				conn := listener.Dial()
				defer conn.Close()
				answer := make(chan string)
				go func() {
					text, _ := io.ReadAll(conn)
					answer <- string(text)
				}()
				_, _ = io.WriteString(conn, "GET / HTTP/1.0\r\n")
				time.Sleep(tt.wait)
				_, _ = io.WriteString(conn, "\r\n")
				if text := <-answer; strings.Contains(text, "hello") != tt.wantOK {
					t.Errorf("answer: %q, want it answered: %t", text, tt.wantOK)
				}
				if err := server.Close(t.Context()); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

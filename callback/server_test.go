package callback

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func answering(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestServerOpensServesAndCloses(t *testing.T) {
	server := NewServer("127.0.0.1:0", answering("hello"), ServerOptions{})
	if got := server.Addr(); got != "" {
		t.Errorf("Addr before Open: got %q", got)
	}
	if err := server.Close(t.Context()); err != nil {
		t.Errorf("Close before Open: %v", err)
	}
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := send(t, server.Addr(), "GET / HTTP/1.0\r\n\r\n"); got.body != "hello" {
		t.Errorf("answer: got %q", got.body)
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
	first := NewServer("127.0.0.1:0", answering(""), ServerOptions{})
	if err := first.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer first.Close(t.Context())
	if err := NewServer(first.Addr(), answering(""), ServerOptions{}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
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
				server := NewServer("", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(tt.work):
					case <-r.Context().Done():
					}
				}), ServerOptions{})
				listener := newPipeListener()
				server.serve(listener)
				conn := listener.dial()
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
	server := NewServer("", answering(""), ServerOptions{})
	listener := newPipeListener()
	server.serve(listener)
	listener.Close()
	<-server.Done()
	if err := server.Close(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close: got %v, want %v", err, net.ErrClosed)
	}
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := newPipeListener()
		full := 0
		server := NewServer("", answering("hello"), ServerOptions{MaxConnections: 1, ObserveFull: func() { full++ }})
		server.serve(listener)
		first := listener.dial()
		accepted := make(chan net.Conn)
		go func() { accepted <- listener.dial() }()
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
		if got := exchange(t, second, strings.NewReader("GET / HTTP/1.0\r\n\r\n")); got.body != "hello" {
			t.Errorf("answer: got %q", got.body)
		}
		third := listener.dial()
		synctest.Wait() // the server waits for a slot now
		if err := server.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		third.Close()
	})
}

func TestAConnectionThatIsKeptForLaterGivesWayToOneThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := NewServer("", answering("hello"), ServerOptions{MaxConnections: 2})
		listener := newPipeListener()
		server.serve(listener)
		const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
		var idle []*bufio.Reader
		for range 2 {
			conn := listener.dial()
			defer conn.Close()
			idle = append(idle, bufio.NewReader(conn))
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			answerOn(t, idle[len(idle)-1])
		}
		began := time.Now()
		waiting := listener.dial()
		defer waiting.Close()
		if _, err := io.WriteString(waiting, request); err != nil {
			t.Fatal(err)
		}
		if got := answerOn(t, bufio.NewReader(waiting)); got.Header.Get("Connection") == "close" {
			t.Error("connections are not kept any more, although there is place again")
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it waited %s for a connection that nobody used", took)
		}
		if err := server.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// answerOn reads an answer whole.
func answerOn(t *testing.T, r *bufio.Reader) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response
}

func TestTheServersOwnComplaintsAreLogged(t *testing.T) {
	log, logged := logTo()
	server := NewServer("127.0.0.1:0", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }), ServerOptions{Log: log})
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
	_, _ = io.Copy(io.Discard, conn) // until the server has hung up
	if err := server.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := logged(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "panic serving") {
		t.Errorf("log: got %q", got)
	}
}

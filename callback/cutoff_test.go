package callback

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/batch-job-controller/batch-job-controller/callback/limits"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// dyingLeader responds to every request with a text, and closes the connection. It
// returns its port.
func dyingLeader(t *testing.T, host, text string) (port string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, text)
			}
			_ = conn.Close()
		}
	}()
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// A client must not mistake half of a response for the whole, and must not get another
// response after it.
func TestALeaderThatDiesInItsAnswer(t *testing.T) {
	const half = `{"files":["node-1`
	tests := map[string]string{
		"a length that is not kept": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n" + half,
		"chunks without an end":     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" + half + "\r\n",
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			const host = "127.0.0.2"
			log, logged := logTo()
			outcomes := make(chan string, 8)
			address := open(t, NewHandler(&fakeRecorder{}, Options{
				Leader: newElection(Leader{Host: host}).find, ForwardPort: dyingLeader(t, host, answer), Log: log,
				ObserveForward: func(outcome string) { outcomes <- outcome },
			}))
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, head(route.File, nil, "Content-Length: 2")+"{}"); err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(conn) // until the connection is closed
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "internal error") {
				t.Errorf("another answer is behind the one that was cut off:\n%s", text)
			}
			response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(text))), nil)
			if err == nil {
				defer response.Body.Close()
				_, err = io.ReadAll(response.Body)
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the answer is read without noticing that it ends early: %v\n%s", err, text)
			}
			if got := logged(); strings.Contains(got, "panic") || strings.Contains(got, "level=ERROR") || !strings.Contains(got, errCutOff.Error()) {
				t.Errorf("log: %s", got)
			}
			close(outcomes) // the outcome is observed before the connection ends
			var all []string
			for outcome := range outcomes {
				all = append(all, outcome)
			}
			if fmt.Sprint(all) != "[failed]" {
				t.Errorf("forwards: %q, want one that failed", all)
			}
		})
	}
}

// hastyProxy returns while its transport still reads the body, as http.Transport does
// when a connection fails.
type hastyProxy struct{ reads chan struct{} }

func (h hastyProxy) Pass(_ http.ResponseWriter, r *http.Request, _ string) error {
	go func() { _, _ = io.Copy(io.Discard, r.Body) }()
	<-h.reads
	return errors.New("the connection broke")
}

// slowRest is the rest of a body, which the client sends slowly.
type slowRest struct {
	reads chan struct{} // closed when a read begins
	ended bool
}

func (s *slowRest) Read(p []byte) (int, error) {
	close(s.reads)
	time.Sleep(time.Second)
	s.ended = true
	return copy(p, "x"), io.EOF
}

// The next attempt reads the rest of the body. A transport that still reads it would
// race with that attempt, and lose bytes.
func TestATransportThatGaveUpHasDoneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rest := &slowRest{reads: make(chan struct{})}
		h := &handler{now: time.Now, log: slog.New(slog.DiscardHandler), proxy: hastyProxy{reads: rest.reads}}
		ginContext, _ := gin.CreateTestContext(httptest.NewRecorder())
		ginContext.Request = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/", io.MultiReader(zeros(maxKept), rest))
		c := h.newCall(&endpoint{name: route.File, limit: limits.Size{Bytes: 2 * maxKept}}, ginContext)
		c.body.Keep(maxKept)
		if err := h.forward(c, "host", nil); err == nil {
			t.Error("forwarded, by a transport that failed")
		}
		if !rest.ended {
			t.Error("the transport is still reading the body")
		}
	})
}

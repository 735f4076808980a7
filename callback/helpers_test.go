package callback

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver"
	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

var testKey = execution.Key{Execution: "20261124034200", Node: "node-1.zone-a"}

// fakeRecorder records its calls, and returns what a test sets.
type fakeRecorder struct {
	err   error                 // of every call
	meets func(context.Context) // what happens during a call
	wrap  func(error) error     // maps a read error; nil: unchanged
	mu    sync.Mutex
	begun int
	calls []string
}

// met returns how many calls have begun.
func (r *fakeRecorder) met() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun
}

func (r *fakeRecorder) call(ctx context.Context, format string, args ...any) error {
	r.mu.Lock()
	r.begun++
	r.mu.Unlock()
	if r.meets != nil {
		r.meets(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprintf(format, args...))
	return r.err
}

func (r *fakeRecorder) called() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.calls, "\n")
}

func (r *fakeRecorder) Result(ctx context.Context, key execution.Key, body []byte) (int, error) {
	return 0, r.call(ctx, "result of %s at %s: %s", key.Node, key.Execution, body)
}

func (r *fakeRecorder) File(ctx context.Context, key execution.Key, name, contentType string, body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		if r.wrap != nil {
			err = r.wrap(err)
		}
		return "", err
	}
	if len(content) > 100 {
		content = []byte(strconv.Itoa(len(content)) + " bytes")
	}
	return key.Node + "-" + name, r.call(ctx, "file %q (%s): %s", name, contentType, content)
}

func (r *fakeRecorder) Event(ctx context.Context, key execution.Key, e execution.Event) error {
	return r.call(ctx, "event of %s at %s: %+v", key.Node, key.Execution, e)
}

// open serves the handler on a port of the loopback interface and returns its
// address.
func open(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httpserver.New("127.0.0.1:0", h, httpserver.Options{})
	if err := server.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // closes connections that a test left open
		_ = server.Close(ctx)
	})
	return server.Addr()
}

// callbackURL is what a pod finds in its environment.
func callbackURL(t *testing.T, address string, kind route.Kind) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return route.URL(host, n, "", kind, testKey)
}

type reply struct {
	status int
	header http.Header
	body   string
	at     time.Time // when it was complete
}

func post(t *testing.T, url string, header http.Header, body io.Reader) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("POST %s: %v", url, err)
	}
	return readReply(t, response)
}

func readReply(t *testing.T, response *http.Response) reply {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	return reply{status: response.StatusCode, header: response.Header, body: string(body), at: time.Now()}
}

// send writes raw text to the server, and reads one response.
func send(t *testing.T, address, text string) reply {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return exchange(t, conn, strings.NewReader(text))
}

// exchange writes and reads concurrently, because the response may come before the
// end of the request, and closes the connection.
func exchange(t *testing.T, conn net.Conn, text io.Reader) reply {
	t.Helper()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.Copy(conn, text) // the server may stop reading
	}()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("answer: %v", err)
	}
	got := readReply(t, response)
	conn.Close()
	<-written
	return got
}

// openPipe is open for a synctest bubble, which must not end before the server's
// goroutines.
func openPipe(t *testing.T, h http.Handler) *servertest.PipeListener {
	t.Helper()
	server := httpserver.New("", h, httpserver.Options{})
	listener := servertest.NewPipeListener()
	server.Serve(listener)
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return listener
}

// logTo returns a logger, and a function that returns what it has logged.
func logTo() (*slog.Logger, func() string) {
	b := &lockedBuffer{}
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})), b.String
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// head returns the first lines of a request to a callback.
func head(kind route.Kind, query url.Values, lines ...string) string {
	path := route.Path(kind, testKey)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + strings.Join(append(lines, "", ""), "\r\n")
}

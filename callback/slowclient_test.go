package callback

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// trickle reads bytes in chunks, each after a pause.
type trickle struct {
	chunk  int
	chunks int
	pause  time.Duration
}

func (r *trickle) Read(p []byte) (int, error) {
	if r.chunks == 0 {
		return 0, io.EOF
	}
	time.Sleep(r.pause) // of the bubble's clock
	r.chunks--
	n := min(r.chunk, len(p))
	clear(p[:n])
	return n, nil
}

// postPipe posts over a connection in memory.
func postPipe(t *testing.T, listener *servertest.PipeListener, kind route.Kind, query url.Values, length int, body io.Reader) reply {
	t.Helper()
	start := head(kind, query, "Content-Length: "+strconv.Itoa(length))
	return exchange(t, listener.Dial(), io.MultiReader(strings.NewReader(start), body))
}

func TestSlowBodies(t *testing.T) {
	const chunk = 32 << 10
	tests := map[string]struct {
		kind route.Kind
		body *trickle

		wantStatus int
		wantWithin time.Duration
	}{
		"a result of a byte a second": {
			kind: route.Result, body: &trickle{chunk: 1, chunks: 3600, pause: time.Second},
			wantStatus: 408, wantWithin: 11 * time.Second,
		},
		"a result that stops coming": {
			kind: route.Result, body: &trickle{chunk: 1, chunks: 2, pause: time.Hour},
			wantStatus: 408, wantWithin: 11 * time.Second,
		},
		"a result within ten seconds": {
			kind: route.Result, body: &trickle{chunk: chunk, chunks: 9, pause: time.Second},
			wantStatus: 200, wantWithin: 10 * time.Second,
		},
		"an event of a byte a second": {
			kind: route.Event, body: &trickle{chunk: 1, chunks: 3600, pause: time.Second},
			wantStatus: 408, wantWithin: 11 * time.Second,
		},
		"a file of a byte a second": {
			kind: route.File, body: &trickle{chunk: 1, chunks: 3600, pause: time.Second},
			wantStatus: 408, wantWithin: 32 * time.Second,
		},
		"a file that comes fast and then stops": {
			kind: route.File, body: &trickle{chunk: chunk, chunks: 32, pause: 31 * time.Second},
			wantStatus: 408, wantWithin: 31 * time.Second,
		},
		"a file of 16 MiB in two minutes": {
			kind: route.File, body: &trickle{chunk: chunk, chunks: 512, pause: 250 * time.Millisecond},
			wantStatus: 200, wantWithin: 129 * time.Second,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, logged := logTo()
				listener := openPipe(t, NewHandler(&fakeRecorder{}, Options{Log: log}))
				start := time.Now()
				got := postPipe(t, listener, tt.kind, nil, tt.body.chunk*tt.body.chunks, tt.body)
				if took := got.at.Sub(start); got.status != tt.wantStatus || took > tt.wantWithin {
					t.Errorf("got %d, %q after %s, want %d within %s", got.status, got.body, took, tt.wantStatus, tt.wantWithin)
				}
				if strings.Contains(logged(), "level=ERROR") {
					t.Errorf("log: got %s", logged())
				}
			})
		})
	}
}

func TestASlowRecorderCostsTheClientNothing(t *testing.T) {
	tests := map[string]struct {
		kind route.Kind
		body string
	}{
		"a result":        {kind: route.Result, body: "{}"},
		"an empty result": {kind: route.Result},
		"a file":          {kind: route.File, body: "text"},
		"an empty file":   {kind: route.File},
		"an event":        {kind: route.Event, body: `{"reason":"R","message":"m"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				recorder := &fakeRecorder{meets: func(ctx context.Context) {
					time.Sleep(10 * time.Minute)
					if ctx.Err() != nil {
						t.Errorf("context: %v", ctx.Err())
					}
				}}
				listener := openPipe(t, NewHandler(recorder, Options{}))
				if got := postPipe(t, listener, tt.kind, nil, len(tt.body), strings.NewReader(tt.body)); got.status != 200 {
					t.Errorf("got %d, %q, want 200", got.status, got.body)
				}
			})
		})
	}
}

func TestWhatWasReceivedWholeIsKeptWhenTheClientHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		recorder := &fakeRecorder{meets: func(ctx context.Context) {
			<-gone
			if ctx.Err() != nil {
				t.Errorf("context: %v", ctx.Err())
			}
		}}
		listener := openPipe(t, NewHandler(recorder, Options{}))
		conn := listener.Dial()
		if _, err := io.WriteString(conn, head(route.Result, nil, "Content-Length: 2")+"{}"); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		synctest.Wait()
		close(gone)
		synctest.Wait()
		if want := "result of node-1.zone-a at 20261124034200: {}"; recorder.called() != want {
			t.Errorf("recorder: got %q, want %q", recorder.called(), want)
		}
	})
}

func TestAClientThatHangsUpIsNoErrorOfOurs(t *testing.T) {
	for _, kind := range []route.Kind{route.Result, route.File, route.Event} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				recorder := &fakeRecorder{}
				log, logged := logTo()
				listener := openPipe(t, NewHandler(recorder, Options{Log: log}))
				conn := listener.Dial()
				if _, err := io.WriteString(conn, head(kind, nil, "Content-Length: 100")+"{}"); err != nil {
					t.Fatal(err)
				}
				conn.Close()
				synctest.Wait()
				if got := logged(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "status=400") {
					t.Errorf("log: got %q, want a warning", got)
				}
				if recorder.called() != "" {
					t.Errorf("recorder: got %q, want nothing", recorder.called())
				}
			})
		})
	}
}

func TestABodyNobodyReadsHoldsNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := openPipe(t, NewHandler(&fakeRecorder{err: execution.ErrEnded}, Options{}))
		start := time.Now()
		conn := listener.Dial()
		got := exchange(t, conn, strings.NewReader("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"))
		if took := time.Since(start); got.status != 404 || took > leftoverTime {
			t.Errorf("got %d after %s, want 404 within %s", got.status, took, leftoverTime)
		}
	})
}

func TestSlowHeadersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := openPipe(t, NewHandler(&fakeRecorder{}, Options{}))
		conn := listener.Dial()
		defer conn.Close()
		start := time.Now()
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		_, _ = io.Copy(conn, &trickle{chunk: 1, chunks: 3600, pause: time.Second})
		if took := time.Since(start); took > 7*time.Second {
			t.Errorf("the connection was kept for %s, want 5s", took)
		}
	})
}

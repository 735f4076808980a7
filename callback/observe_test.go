package callback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

func TestRequestsAreLoggedAndObserved(t *testing.T) {
	tests := map[string]struct {
		path string
		err  error

		wantLog     []string
		wantObserve string
	}{
		"one that is taken": {
			path:        route.Path(route.File, testKey) + "?name=secret",
			wantLog:     []string{"level=DEBUG", "execution=20261124034200", "node=node-1.zone-a", "kind=file", "status=200", "bytes=2", "duration=", "route=/report/:node/:executionID/file"},
			wantObserve: "file 200",
		},
		"one that is refused": {
			path: route.Path(route.Result, testKey), err: execution.ErrEnded,
			wantLog:     []string{"level=WARN", "node=node-1.zone-a", "status=410", `error="the node task has ended"`},
			wantObserve: "result 410",
		},
		"one that fails": {
			path: route.Path(route.Result, testKey), err: errors.New("disk"),
			wantLog:     []string{"level=ERROR", "status=500", "error=disk"},
			wantObserve: "result 500",
		},
		"one that has no route": {
			path:        "/t/secret",
			wantLog:     []string{"level=WARN", "kind=other", "status=404", `route=""`},
			wantObserve: "other 404",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log, logged := logTo()
			observed := make(chan string, 1)
			address := open(t, NewHandler(&fakeRecorder{err: tt.err}, Options{Log: log, Observe: func(kind string, code int, d time.Duration) {
				if d <= 0 {
					t.Errorf("duration: got %s", d)
				}
				observed <- fmt.Sprint(kind, " ", code)
			}}))
			post(t, "http://"+address+tt.path, nil, strings.NewReader("{}"))
			if got := <-observed; got != tt.wantObserve {
				t.Errorf("observed: got %q, want %q", got, tt.wantObserve)
			}
			for _, want := range tt.wantLog {
				if !strings.Contains(logged(), want) {
					t.Errorf("log: no %q in %q", want, logged())
				}
			}
			if strings.Contains(logged(), "secret") {
				t.Errorf("log: got %q, which holds a secret", logged())
			}
		})
	}
}

func TestTheDurationIsTheClocks(t *testing.T) {
	now := time.Unix(0, 0)
	recorder := &fakeRecorder{meets: func(context.Context) { now = now.Add(3 * time.Second) }}
	var took time.Duration
	h := NewHandler(recorder, Options{
		Now:     func() time.Time { return now },
		Observe: func(_ string, _ int, d time.Duration) { took = d },
	})
	if got := serveInMemory(h, http.MethodPost, route.Path(route.Result, testKey), "", "{}"); got != http.StatusOK || took != 3*time.Second {
		t.Errorf("got %d after %s, want 200 after 3s", got, took)
	}
}

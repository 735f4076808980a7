package controller

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// The response to a pod that exceeds a limit, what is stored, and which metric counts it.
func TestWhatAPodSeesOfItsLimits(t *testing.T) {
	limits := config.Intake{FilesPerTask: 2, BytesPerTask: 10_000, ResultsPerTask: 1, EventsPerTask: 3, EventBurst: 2, BytesPerExecution: 15_000}
	type request struct {
		node  string
		kind  route.Kind
		query string
		body  string
	}
	file := func(node, name string, size int) request {
		return request{node, route.File, "?name=" + name, strings.Repeat("x", size)}
	}
	event := func(n int) request {
		return request{"a", route.Event, "", fmt.Sprintf(`{"reason":"Test","message":"%d"}`, n)}
	}
	result := request{"a", route.Result, "", validResult}
	tests := map[string]struct {
		before    []request // all are taken
		last      request
		want      int
		wantAfter string // Retry-After
		wantSays  string
		wantLimit execution.Limit
		wantFiles string // of both nodes, with their sizes
	}{
		"a third file": {
			before: []request{file("a", "1", 1), file("a", "2", 2)}, last: file("a", "3", 1),
			want: http.StatusForbidden, wantSays: "2 files per execution (callback.limits.filesPerTask)", wantLimit: execution.FilesPerTask,
			wantFiles: "a-1:1 a-2:2",
		},
		"the second file again": {
			before: []request{file("a", "1", 1), file("a", "2", 2)}, last: file("a", "2", 20),
			want: http.StatusOK, wantFiles: "a-1:1 a-2:20",
		},
		"more bytes than a node may send": {
			before: []request{file("a", "1", 6000)}, last: file("a", "2", 4001),
			want: http.StatusRequestEntityTooLarge, wantSays: "callback.limits.bytesPerTask", wantLimit: execution.BytesPerTask,
			wantFiles: "a-1:6000",
		},
		"more bytes in place of a file": {
			before: []request{file("a", "1", 6000)}, last: file("a", "1", 10_001),
			want: http.StatusRequestEntityTooLarge, wantSays: "callback.limits.bytesPerTask", wantLimit: execution.BytesPerTask,
			wantFiles: "a-1:6000",
		},
		"more bytes than an execution may have": {
			before: []request{file("a", "1", 10_000)}, last: file("b", "1", 5001),
			want: http.StatusInsufficientStorage, wantSays: "callback.limits.bytesPerExecution", wantLimit: execution.BytesPerExecution,
			wantFiles: "a-1:10000",
		},
		"a second result": {
			before: []request{result}, last: result,
			want: http.StatusForbidden, wantSays: "1 results per execution (callback.limits.resultsPerTask)", wantLimit: execution.ResultsPerTask,
		},
		"a third event at once": {
			before: []request{event(1), event(2)}, last: event(3),
			want: http.StatusTooManyRequests, wantAfter: "30", wantSays: "callback.limits.eventInterval", wantLimit: execution.EventInterval,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				store, err := report.Open(memdisk.New(), report.Options{})
				must(t, err)
				_, r, a, _ := limited(t, store, limits)
				defer r.kill()
				handler := callback.NewHandler(r.Recorder(), callback.Options{ObserveLimit: r.Metrics.CallbackLimited})
				send := func(q request) *httptest.ResponseRecorder {
					path := route.Path(q.kind, execution.Key{Execution: a.Execution, Node: q.node})
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, path+q.query, strings.NewReader(q.body)))
					return answer
				}
				for i, q := range tt.before {
					if got := send(q); got.Code != http.StatusOK {
						t.Fatalf("%d: %d, %s", i, got.Code, got.Body)
					}
				}
				got := send(tt.last)
				if got.Code != tt.want || got.Header().Get("Retry-After") != tt.wantAfter || !strings.Contains(got.Body.String(), tt.wantSays) {
					t.Errorf("got %d after %q, %s", got.Code, got.Header().Get("Retry-After"), got.Body)
				}
				if files := filesIn(t, store.FS(), a.Execution); files != tt.wantFiles {
					t.Errorf("files: %q, want %q", files, tt.wantFiles)
				}
				wantCount := 0.0
				if tt.wantLimit != "" {
					wantCount = 1
				}
				kind := "kind=" + string(tt.last.kind)
				if n := r.metric("batch_job_controller_callback_limited_total", kind); n != wantCount {
					t.Errorf("%v were counted, want %v", n, wantCount)
				}
				if n := r.metric("batch_job_controller_callback_limited_total", kind, "limit="+string(tt.wantLimit)); tt.wantLimit != "" && n != 1 {
					t.Errorf("%s was counted %v times", tt.wantLimit, n)
				}
			})
		})
	}
}

// filesIn returns the names and sizes of the files in an execution's directory, except
// results.
func filesIn(t *testing.T, reports fs.FS, id execution.ID) string {
	t.Helper()
	entries, err := fs.ReadDir(reports, string(id))
	must(t, err)
	var files []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		info, err := entry.Info()
		must(t, err)
		files = append(files, fmt.Sprintf("%s:%d", entry.Name(), info.Size()))
	}
	return strings.Join(files, " ")
}

// slowReader lets time pass between two parts of a hundred bytes.
type slowReader struct {
	left  int
	pause time.Duration
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	s.left--
	return copy(p, strings.Repeat("x", 100)), nil
}

// Two concurrent files share the rest of the limit: the one that exceeds it is cut off, and
// returns its part.
func TestFilesThatComeAtOnceShareTheBudget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		store, err := report.Open(memdisk.New(), report.Options{})
		must(t, err)
		_, r, a, _ := limited(t, store, config.Intake{BytesPerTask: 1500})
		defer r.kill()
		errs := make(chan error)
		for n := range 2 {
			go func() {
				_, err := r.File(t.Context(), a, fmt.Sprint(n), "", &slowReader{left: 10, pause: time.Second + time.Duration(n)})
				errs <- err
			}()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || limitOf(first) == limitOf(second) {
			t.Errorf("got %v and %v, want one that is cut", first, second)
		}
		if files := filesIn(t, store.FS(), a.Execution); files != "a-0:1000" && files != "a-1:1000" {
			t.Errorf("files: %q, want one of a thousand bytes", files)
		}
		must(t, r.sendFile(a, "2", 500))
	})
}

package callback

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// limitsMet collects the arguments of ObserveLimit.
type limitsMet struct {
	mu   sync.Mutex
	seen []string
}

func (l *limitsMet) observe(kind string, limit execution.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, kind+" "+string(limit))
}

func (l *limitsMet) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

func TestLimitsAtBelowAndAboveTheirBounds(t *testing.T) {
	limits := Limits{Result: 10, Event: 40, File: 20, Upload: 600, Parts: 2, Headers: 20}
	event := func(length int) string {
		const begin, end = `{"reason":"Test","message":"`, `"}`
		return begin + strings.Repeat("x", length-len(begin)-len(end)) + end
	}
	form := func(parts ...string) string {
		var b strings.Builder
		for i, content := range parts {
			fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=f; filename=f%d\r\n\r\n%s\r\n", i, content)
		}
		return b.String() + "--b--\r\n"
	}
	padded := func(length int) string {
		text := form("x")
		return strings.Replace(text, "\r\n", "\r\nX: "+strings.Repeat("-", length-len(text)-len("X: \r\n"))+"\r\n", 1)
	}
	tests := map[string]struct {
		kind   route.Kind
		body   string
		header http.Header
		want   int
		limit  execution.Limit
	}{
		"a result below": {kind: route.Result, body: strings.Repeat("x", 9), want: 200},
		"a result at":    {kind: route.Result, body: strings.Repeat("x", 10), want: 200},
		"a result above": {kind: route.Result, body: strings.Repeat("x", 11), want: 413, limit: execution.ResultSize},
		"an event at":    {kind: route.Event, body: event(40), want: 200},
		"an event above": {kind: route.Event, body: event(41), want: 413, limit: execution.EventSize},
		"a file below":   {kind: route.File, body: strings.Repeat("x", 19), want: 200},
		"a file at":      {kind: route.File, body: strings.Repeat("x", 20), want: 200},
		"a file above":   {kind: route.File, body: strings.Repeat("x", 21), want: 413, limit: execution.FileSize},
		"a part at":      {kind: route.File, body: form(strings.Repeat("x", 20)), want: 200},
		"a part above":   {kind: route.File, body: form(strings.Repeat("x", 21)), want: 413, limit: execution.FileSize},
		"as many parts":  {kind: route.File, body: form("x", "y"), want: 200},
		"one part more":  {kind: route.File, body: form("x", "y", "z"), want: 400, limit: execution.UploadParts},
		"a form at":      {kind: route.File, body: padded(600), want: 200},
		"a form above":   {kind: route.File, body: padded(601), want: 413, limit: execution.UploadSize},
		"headers below":  {kind: route.Result, body: "x", header: http.Header{"A": make([]string, 17)}, want: 200},
		"headers above":  {kind: route.Result, body: "x", header: http.Header{"A": make([]string, 21)}, want: 431, limit: execution.HeaderLines},
	}
	for name, tt := range tests {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked: %t", name, chunked), func(t *testing.T) {
				var met limitsMet
				address := open(t, NewHandler(&fakeRecorder{}, Options{Limits: limits, ObserveLimit: met.observe}))
				header := http.Header{}
				if strings.HasSuffix(tt.body, "--b--\r\n") {
					header.Set("Content-Type", "multipart/form-data; boundary=b")
				}
				for key, values := range tt.header {
					header[key] = values
				}
				var body io.Reader = strings.NewReader(tt.body)
				if chunked {
					body = io.MultiReader(body)
				}
				got := post(t, callbackURL(t, address, tt.kind), header, body)
				if got.status != tt.want {
					t.Errorf("status: got %d, want %d; %s", got.status, tt.want, got.body)
				}
				want := []string(nil)
				if tt.limit != "" {
					want = []string{string(tt.kind) + " " + string(tt.limit)}
				}
				if all := met.all(); !slices.Equal(all, want) {
					t.Errorf("limits: got %q, want %q", all, want)
				}
			})
		}
	}
}

func TestLimitsOfTheRecorder(t *testing.T) {
	quota := func(limit execution.Limit, is error, after time.Duration) error {
		return fmt.Errorf("store: %w", &execution.LimitError{Limit: limit, Err: is, Message: "at most 3 (callback.limits." + string(limit) + ")", RetryAfter: after})
	}
	for name, tt := range map[string]struct {
		err       error
		want      int
		wantAfter string
		wantBody  string
		wantLimit []string
	}{
		"as many as there may be":          {quota(execution.FilesPerTask, execution.ErrUsedUp, 0), 403, "", "limit reached: at most 3 (callback.limits.filesPerTask)", []string{"result filesPerTask"}},
		"too many, for a moment":           {quota(execution.EventInterval, execution.ErrTooMany, time.Nanosecond), 429, "1", "too many", []string{"result eventInterval"}},
		"too many, for a second and a bit": {quota(execution.EventInterval, execution.ErrTooMany, 1001*time.Millisecond), 429, "2", "too many", []string{"result eventInterval"}},
		"too many, for an unknown time":    {quota(execution.RequestsPerTask, execution.ErrTooMany, 0), 429, "1", "too many", []string{"result requestsPerTask"}},
		"too many bytes":                   {quota(execution.BytesPerTask, execution.ErrTooLarge, 0), 413, "", "the body is too large: at most 3 (callback.limits.bytesPerTask)", []string{"result bytesPerTask"}},
		"no space":                         {quota(execution.BytesPerExecution, execution.ErrNoSpace, 0), 507, "", "the report directory is full: at most 3", []string{"result bytesPerExecution"}},
		"a value too many":                 {&execution.InvalidError{Message: "is one sample too many", Limit: execution.SamplesPerResult}, 400, "", "one sample too many", []string{"result samplesPerResult"}},
		"no limit at all":                  {&execution.InvalidError{Message: "is wrong"}, 400, "", "is wrong", nil},
		"another error":                    {errors.New("secret"), 500, "", "internal error", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var met limitsMet
			address := open(t, NewHandler(&fakeRecorder{err: tt.err}, Options{ObserveLimit: met.observe}))
			got := post(t, callbackURL(t, address, route.Result), nil, strings.NewReader("x"))
			if got.status != tt.want || got.header.Get("Retry-After") != tt.wantAfter || !strings.Contains(got.body, tt.wantBody) {
				t.Errorf("got %d after %q, %s", got.status, got.header.Get("Retry-After"), got.body)
			}
			if all := met.all(); !slices.Equal(all, tt.wantLimit) {
				t.Errorf("limits: got %q, want %q", all, tt.wantLimit)
			}
		})
	}
}

func TestDeadlinesAsTheyAreConfigured(t *testing.T) {
	limits := Limits{BodyDeadline: 2 * time.Second, FileDeadline: 4 * time.Second, FileRate: 10}
	for name, tt := range map[string]struct {
		kind  route.Kind
		pause time.Duration // before each byte of five
		want  int
		limit []string
	}{
		"a result in time":        {kind: route.Result, pause: 390 * time.Millisecond, want: 200},
		"a result too late":       {kind: route.Result, pause: 410 * time.Millisecond, want: 408, limit: []string{"result bodyDeadline"}},
		"a file at a slow rate":   {kind: route.File, pause: 850 * time.Millisecond, want: 200},
		"a file at a slower rate": {kind: route.File, pause: 950 * time.Millisecond, want: 408, limit: []string{"file fileRate"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var met limitsMet
				listener := openPipe(t, NewHandler(&fakeRecorder{}, Options{Limits: limits, ObserveLimit: met.observe}))
				text, slowly := io.Pipe()
				go func() {
					defer slowly.Close()
					_, _ = io.WriteString(slowly, head(tt.kind, url.Values{}, "Content-Length: 5"))
					for range 5 {
						time.Sleep(tt.pause)
						_, _ = io.WriteString(slowly, "x")
					}
				}()
				got := exchange(t, listener.Dial(), text)
				text.Close()
				if got.status != tt.want {
					t.Errorf("status: got %d, want %d; %s", got.status, tt.want, got.body)
				}
				synctest.Wait()
				if all := met.all(); !slices.Equal(all, tt.limit) {
					t.Errorf("limits: got %q, want %q", all, tt.limit)
				}
			})
		})
	}
}

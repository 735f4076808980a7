package callback

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// Clients that are rejected together must not retry together.
func TestThoseWhoAreTurnedAwayComeBackApart(t *testing.T) {
	h := NewHandler(&fakeRecorder{err: execution.ErrUnavailable}, Options{})
	seen := map[int]int{}
	for range 200 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, route.Path(route.Result, testKey), strings.NewReader("{}")))
		wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if err != nil || wait < 2 || wait > 5 {
			t.Fatalf("Retry-After: got %q, want 2 to 5 seconds", w.Header().Get("Retry-After"))
		}
		seen[wait]++
	}
	if len(seen) != 4 { // the probability that one of the four is missing is below 4*(3/4)^200
		t.Errorf("Retry-After by seconds: %v, want all of 2 to 5", seen)
	}
}

func TestALongErrorIsCut(t *testing.T) {
	for name, text := range map[string]string{"letters": "x", "what is escaped": "\x01"} {
		t.Run(name, func(t *testing.T) {
			long := strings.Repeat(text, 4096)
			recorder := &fakeRecorder{err: &execution.InvalidError{Path: long, Message: long}}
			got := post(t, callbackURL(t, open(t, NewHandler(recorder, Options{})), route.Result), nil, strings.NewReader("{}"))
			if got.status != 400 || len(got.body) > 1024 || len(got.body) < 200 {
				t.Errorf("got %d, %d bytes", got.status, len(got.body))
			}
		})
	}
}

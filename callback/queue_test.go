package callback

import (
	"bytes"
	"context"
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

// A node with the slowest requests that are allowed must not delay other nodes.
func TestANodeThatIsSlowHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perTask, slow = 2, 10
		recorder := &fakeRecorder{}
		var met limitsMet
		listener := openPipe(t, NewHandler(recorder, Options{
			Limits: Limits{Bodies: 2 * (perTask + 1), PerTask: perTask}, ObserveLimit: met.observe,
		}))
		var all sync.WaitGroup
		for range slow {
			conn := listener.Dial()
			all.Go(func() {
				begin := head(route.Result, url.Values{}, "Content-Length: 2", "Connection: close")
				if got := exchange(t, conn, io.MultiReader(strings.NewReader(begin), neverEnding{})); got.status == http.StatusOK {
					t.Error("a body that never came was taken")
				}
			})
		}
		synctest.Wait()
		for n := range 20 {
			began := time.Now()
			if got := postResult(t, listener, n); got.status != http.StatusOK || time.Since(began) > 0 {
				t.Errorf("another node: %d after %s", got.status, time.Since(began))
			}
		}
		all.Wait()
		if n := recorder.met(); n != 20 {
			t.Errorf("%d results were taken, want those of the others", n)
		}
	})
}

// neverEnding blocks reads for an hour.
type neverEnding struct{}

func (neverEnding) Read([]byte) (int, error) {
	time.Sleep(time.Hour)
	return 0, io.EOF
}

func TestRequestsOfANodeWaitForEachOther(t *testing.T) {
	const perTask, waiting = 2, 16
	for name, tt := range map[string]struct {
		requests int
		takes    time.Duration // each
		want     map[int]int   // by status
	}{
		"as many as are let in":                  {requests: perTask, takes: time.Second, want: map[int]int{200: perTask}},
		"one more waits":                         {requests: perTask + 1, takes: time.Second, want: map[int]int{200: perTask + 1}},
		"as many as may wait":                    {requests: perTask + waiting, takes: time.Second, want: map[int]int{200: perTask + waiting}},
		"one too many to wait":                   {requests: perTask + waiting + 1, takes: time.Second, want: map[int]int{200: perTask + waiting, 429: 1}},
		"those that wait for longer than may be": {requests: perTask + 1, takes: 40 * time.Second, want: map[int]int{200: perTask, 429: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var met limitsMet
				// The pod stays connected: only the recorder is slow.
				recorder := &slowRecorder{takes: tt.takes}
				listener := openPipe(t, NewHandler(recorder, Options{Limits: Limits{PerTask: perTask}, ObserveLimit: met.observe}))
				replies := make([]reply, tt.requests)
				var all sync.WaitGroup
				for n := range replies {
					conn := listener.Dial()
					all.Go(func() {
						text := head(route.Result, url.Values{}, "Content-Length: 2", "Connection: close") + "{}"
						replies[n] = exchange(t, conn, bytes.NewReader([]byte(text)))
					})
				}
				all.Wait()
				got := map[int]int{}
				for _, r := range replies {
					got[r.status]++
					if r.status == http.StatusTooManyRequests && r.header.Get("Retry-After") != "1" {
						t.Errorf("Retry-After: %q, want a second", r.header.Get("Retry-After"))
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("answers by status: %v, want %v", got, tt.want)
				}
				synctest.Wait()
				want := slices.Repeat([]string{"result " + string(execution.RequestsPerTask)}, tt.want[429])
				if all := met.all(); !slices.Equal(all, want) {
					t.Errorf("limits: %q, want %q", all, want)
				}
			})
		})
	}
}

// slowRecorder is slow to store a result.
type slowRecorder struct {
	fakeRecorder
	takes time.Duration
}

func (r *slowRecorder) Result(ctx context.Context, key execution.Key, body []byte) (int, error) {
	time.Sleep(r.takes)
	return r.fakeRecorder.Result(ctx, key, body)
}

func TestTooManyAreTurnedAwayAndKeepNoResultsOut(t *testing.T) {
	for kind, body := range map[route.Kind]string{route.File: "text", route.Event: `{"reason":"R","message":"m"}`} {
		t.Run("of "+string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hold := make(chan struct{})
				recorder := &fakeRecorder{meets: func(context.Context) { <-hold }}
				listener := openPipe(t, NewHandler(recorder, Options{Limits: Limits{Bodies: 2, Queue: 1}}))
				answers := make(chan int)
				for range 2 { // one is in progress, one waits
					go func() {
						answers <- postPipe(t, listener, kind, nil, len(body), strings.NewReader(body)).status
					}()
					synctest.Wait()
				}
				got := postPipe(t, listener, kind, nil, len(body), strings.NewReader(body))
				if got.status != 503 || got.header.Get("Retry-After") == "" {
					t.Errorf("one too many: got %d, %v, want 503 with Retry-After", got.status, got.header)
				}
				began := time.Now()
				go func() {
					answers <- postPipe(t, listener, route.Result, nil, 2, strings.NewReader("{}")).status
				}()
				synctest.Wait()
				if recorder.met() != 2 || time.Since(began) > 0 {
					t.Errorf("%d are worked on after %s, want the result as well, at once", recorder.met(), time.Since(began))
				}
				close(hold)
				for range 3 {
					if got := <-answers; got != 200 {
						t.Errorf("one that waited: got %d, want 200", got)
					}
				}
			})
		})
	}
}

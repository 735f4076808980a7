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

// A node whose requests come as slowly as they may takes its own turns only.
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

// neverEnding has nothing to read, for an hour.
type neverEnding struct{}

func (neverEnding) Read([]byte) (int, error) {
	time.Sleep(time.Hour)
	return 0, io.EOF
}

func TestRequestsOfANodeWaitForEachOther(t *testing.T) {
	const perTask = 2
	for name, tt := range map[string]struct {
		requests int
		takes    time.Duration // each
		want     map[int]int   // by status
	}{
		"as many as are let in":                  {requests: perTask, takes: time.Second, want: map[int]int{200: perTask}},
		"one more waits":                         {requests: perTask + 1, takes: time.Second, want: map[int]int{200: perTask + 1}},
		"as many as may wait":                    {requests: perTask + taskQueue*perTask, takes: time.Second, want: map[int]int{200: perTask + taskQueue*perTask}},
		"one too many to wait":                   {requests: perTask + taskQueue*perTask + 1, takes: time.Second, want: map[int]int{200: perTask + taskQueue*perTask, 429: 1}},
		"those that wait for longer than may be": {requests: perTask + 1, takes: 40 * time.Second, want: map[int]int{200: perTask, 429: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var met limitsMet
				// The pod stays connected: the recorder takes long.
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

// slowRecorder takes its time for a result.
type slowRecorder struct {
	fakeRecorder
	takes time.Duration
}

func (r *slowRecorder) Result(ctx context.Context, key execution.Key, body []byte) (int, error) {
	time.Sleep(r.takes)
	return r.fakeRecorder.Result(ctx, key, body)
}

func TestNothingIsRememberedOfRequestsThatHaveEnded(t *testing.T) {
	c := newTaskLimiter(1, 0)
	key := func(n int) execution.Key { return execution.Key{Node: fmt.Sprint(n)} }
	for n := range 100 {
		leave, err := c.enter(t.Context(), key(n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.enter(t.Context(), key(n)); limitOf(err) != execution.RequestsPerTask {
			t.Errorf("%d: a second: got %v", n, err)
		}
		leave()
	}
	if n := len(c.gates); n != 0 {
		t.Errorf("%d gates are left", n)
	}
}

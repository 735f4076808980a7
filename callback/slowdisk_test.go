package callback

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/callback/httpserver/servertest"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// diskRecorder stores results on a disk.
type diskRecorder struct {
	fakeRecorder
	store    *report.Store
	busy     atomic.Int32
	mostBusy atomic.Int32
}

func (r *diskRecorder) Result(_ context.Context, key execution.Key, body []byte) (int, error) {
	n := r.busy.Add(1)
	defer r.busy.Add(-1)
	for most := r.mostBusy.Load(); n > most && !r.mostBusy.CompareAndSwap(most, n); most = r.mostBusy.Load() {
	}
	return 0, r.store.CreateResult(key, body)
}

// postResult posts the result of the n-th node, over a connection in memory.
func postResult(t *testing.T, listener *servertest.PipeListener, n int) reply {
	t.Helper()
	path := route.Path(route.Result, execution.Key{Execution: testKey.Execution, Node: fmt.Sprintf("node-%d", n)})
	request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", path)
	return exchange(t, listener.Dial(), bytes.NewReader([]byte(request)))
}

func TestADiskThatIsSlow(t *testing.T) {
	const slots, queue, pods = 4, 8, 40
	tests := map[string]struct {
		fsync time.Duration

		wantTaken  int           // of the pods that report in the same moment
		wantWithin time.Duration // they all have an answer
	}{
		// Each result takes two fsyncs, of its file and of the directory, and may
		// have to wait for an fsync of the directory that began too early.
		"two seconds: those who wait get their turn":              {fsync: 2 * time.Second, wantTaken: slots + queue, wantWithin: 18 * time.Second},
		"thirty seconds: those who wait are turned away, in 30 s": {fsync: 30 * time.Second, wantTaken: slots, wantWithin: 91 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := memdisk.New()
				store, err := report.Open(disk, report.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := store.Begin(testKey.Execution, execution.About{}); err != nil {
					t.Fatal(err)
				}
				disk.Fault = func(op memdisk.Op) error {
					if op.Kind == "sync" || op.Kind == "syncdir" {
						time.Sleep(tt.fsync)
					}
					return nil
				}
				recorder := &diskRecorder{store: store}
				listener := openPipe(t, NewHandler(recorder, Options{Limits: Limits{Bodies: 2 * slots, Queue: queue}}))

				synctest.Wait()
				begun, before := time.Now(), bubbledGoroutines()
				replies := postAtOnce(t, listener, pods)
				if took := time.Since(begun); took > tt.wantWithin {
					t.Errorf("all were answered after %s, want %s", took, tt.wantWithin)
				}
				checkReplies(t, replies, store, tt.wantTaken)
				if most := int(recorder.mostBusy.Load()); most != slots {
					t.Errorf("at most %d were worked on at once, want %d", most, slots)
				}
				synctest.Wait()
				if after := bubbledGoroutines(); after > before {
					t.Errorf("%d goroutines, before the reports %d", after, before)
				}
				disk.Fault = nil
				for n, r := range replies {
					if r.status == http.StatusOK {
						continue
					}
					if again := postResult(t, listener, n); again.status != http.StatusOK {
						t.Errorf("pod %d, again: %d, %s", n, again.status, again.body)
					}
				}
			})
		})
	}
}

// bubbledGoroutines counts the goroutines of the only synctest bubble.
// runtime.NumGoroutine would also count goroutines of the runtime, such as those of
// finalizers, and of other tests.
func bubbledGoroutines() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), ", synctest bubble ")
}

func postAtOnce(t *testing.T, listener *servertest.PipeListener, pods int) []reply {
	t.Helper()
	replies := make([]reply, pods)
	var all sync.WaitGroup
	for n := range pods {
		all.Go(func() { replies[n] = postResult(t, listener, n) })
	}
	all.Wait()
	return replies
}

func checkReplies(t *testing.T, replies []reply, store *report.Store, wantTaken int) {
	t.Helper()
	taken := 0
	for n, r := range replies {
		stored := store.HasResult(execution.Key{Execution: testKey.Execution, Node: fmt.Sprintf("node-%d", n)})
		switch {
		case r.status == http.StatusOK && stored:
			taken++
		case r.status == http.StatusServiceUnavailable && !stored && r.header.Get("Retry-After") != "":
		default:
			t.Errorf("pod %d: %d, %s, and stored: %t", n, r.status, r.body, stored)
		}
	}
	if taken != wantTaken {
		t.Errorf("%d results were taken, want %d", taken, wantTaken)
	}
}

package shares_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// world plays the API server: the state and the Executions. It checks the invariants of
// docs/design/0014 after each write.
type world struct {
	t       *testing.T
	maxPods int

	mu         sync.Mutex
	random     *rand.Rand
	faulty     bool // writes fail at random
	state      state.Stored
	versions   int
	executions map[string]*object
	writes     int              // of the state
	admitted   func(uid string) // is called when an execution gets slots
}

// object is an Execution.
type object struct {
	version        int
	phase          phase
	share, exposed int
	left           int // node tasks that are not admitted
	restored       int // changed by each restoration of the state
}

type phase string

const (
	queued phase = "Queued"
	open   phase = "Open"
	closed phase = "Closed"
)

// newWorld has Executions that wait to be opened.
func newWorld(t *testing.T, seed uint64, maxPods, executions, tasks int) *world {
	w := &world{t: t, maxPods: maxPods, random: rand.New(rand.NewPCG(seed, 0)), executions: map[string]*object{}}
	for i := range executions {
		w.executions[uidOf(i)] = &object{phase: queued, share: execution.NoShare, left: tasks}
	}
	return w
}

func uidOf(i int) string { return fmt.Sprintf("e%02d", i) }

func (w *world) draw(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

// pause is a random time.
func (w *world) pause(most time.Duration) time.Duration { return time.Duration(w.draw(int(most))) }

// waits reports whether an execution has no slot, and is not granted one. The caller holds the
// lock.
func (w *world) waits(uid string) bool {
	o := w.executions[uid]
	entry, _ := w.state.Entry(uid)
	return o.phase == open && o.left > 0 && o.exposed == 0 && entry.Share == 0
}

func (w *world) stopFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faulty = false
}

// check checks the invariants. The caller holds the lock.
func (w *world) check() {
	w.t.Helper()
	known := w.state.Object != nil && !w.state.Restoring
	sum, sumOpen := 0, 0
	for _, e := range w.state.Entries {
		sum += e.Share
	}
	for uid, o := range w.executions {
		if o.phase != open {
			continue
		}
		sumOpen += o.share
		if o.exposed < 0 || o.exposed > o.share {
			w.t.Errorf("(a) %s: exposed %d, podShare %d", uid, o.exposed, o.share)
		}
		if e, ok := w.state.Entry(uid); known && (!ok || o.share > e.Share) {
			w.t.Errorf("(b) %s: podShare %d, entry %+v", uid, o.share, e)
		}
	}
	if sum > w.maxPods || sumOpen > w.maxPods {
		w.t.Errorf("(c) the state has %d, the Executions %d, of %d", sum, sumOpen, w.maxPods)
	}
}

var (
	errLost     = errors.New("connection reset")
	errConflict = errors.New("conflict")
)

// request carries out a write, or not, at some time. It returns whether the sender gets the
// response, and the error of the write.
func (w *world) request(ctx context.Context, write func() error) error {
	what := 0 // of ten
	w.mu.Lock()
	if w.faulty {
		what = w.random.IntN(20)
	}
	w.mu.Unlock()
	time.Sleep(w.pause(50 * time.Millisecond))
	if err := ctx.Err(); err != nil {
		return err
	}
	switch what {
	case 1: // it does not arrive
		return errLost
	case 2: // its response does not
		_ = w.locked(write)
		return errLost
	case 3: // it is late
		go func() {
			time.Sleep(w.pause(5 * time.Second))
			_ = w.locked(write)
		}()
		return errLost
	}
	err := w.locked(write)
	time.Sleep(w.pause(20 * time.Millisecond)) // the response
	return err
}

func (w *world) locked(write func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := write(); err != nil {
		return err
	}
	w.check()
	return nil
}

func (w *world) Read(context.Context) (state.Stored, []string, error) {
	time.Sleep(w.pause(20 * time.Millisecond))
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.state
	found.State = found.Clone()
	return found, nil, nil
}

func (w *world) Swap(ctx context.Context, next state.Stored) (state.Stored, error) {
	var written state.Stored // also by a request that is late
	err := w.request(ctx, func() error {
		if next.Version() != w.state.Version() {
			return state.ErrConflict
		}
		w.put(next.State)
		w.writes++
		written = w.state
		written.State = written.Clone()
		return nil
	})
	if err != nil {
		return state.Stored{}, err
	}
	return written, nil
}

// put stores the state. The caller holds the lock.
func (w *world) put(s plan.State) {
	uid := types.UID(strconv.Itoa(w.versions))
	if w.state.Object != nil {
		uid = w.state.Object.UID
	}
	w.versions++
	w.state = state.Stored{State: s.Clone(), Object: &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{UID: uid, ResourceVersion: strconv.Itoa(w.versions)},
	}}
}

// deleteState deletes the state, as a person may.
func (w *world) deleteState() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state.Stored{}
}

func (w *world) read(uid string) object {
	time.Sleep(w.pause(20 * time.Millisecond))
	w.mu.Lock()
	defer w.mu.Unlock()
	return *w.executions[uid]
}

func (w *world) swap(ctx context.Context, uid string, next object) (object, error) {
	var written object // also by a request that is late
	err := w.request(ctx, func() error {
		o := w.executions[uid]
		if o.version != next.version {
			return errConflict
		}
		before := *o
		*o = next
		o.version++
		written = *o
		if w.admitted != nil && o.left < before.left {
			w.admitted(uid)
		}
		return nil
	})
	if err != nil {
		return object{}, err
	}
	return written, nil
}

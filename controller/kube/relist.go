package kube

import (
	"context"
	"errors"
	"hash/fnv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

const (
	// relistAfter is the time between two lists of a cache. A watch that missed an
	// event, or whose connection a proxy has forgotten, never recovers by itself: only a
	// list shows the current objects. A cache may be wrong for at most five minutes.
	relistAfter = 4 * time.Minute
	// relistSpread keeps caches and replicas from listing at the same time.
	relistSpread = 30 * time.Second
)

// listerWatcher lists and watches the objects of one kind.
type listerWatcher[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// relistTime returns the time between two lists of a cache. It differs between kinds and
// replicas, and is constant for each.
func relistTime(instance, kind string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(instance + "/" + kind)) // it returns no error
	return relistAfter + time.Duration(h.Sum64()%uint64(relistSpread))
}

// newListWatch returns the list and watch functions of a kind. Its watches expire after a
// while, upon which a reflector lists again.
func newListWatch[L runtime.Object](from listerWatcher[L], selector string, clk clock.WithTicker, after time.Duration, jitter backoff.Jitter) *cache.ListWatch {
	timer := &relistTimer{clock: clk, after: after}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			return untilAnswered(ctx, clk, jitter, func() (runtime.Object, error) {
				timer.restart()
				return from.List(ctx, o)
			})
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			if o.SendInitialEvents != nil && *o.SendInitialEvents { // it begins with a list
				timer.restart()
			}
			o.LabelSelector = selector
			return untilAnswered(ctx, clk, jitter, func() (watch.Interface, error) {
				left := timer.left()
				if left <= 0 {
					return nil, tooOld()
				}
				w, err := from.Watch(ctx, o)
				if err != nil {
					return nil, err
				}
				return newAgeingWatch(w, clk.NewTimer(left)), nil
			})
		},
	}
}

// The pause between retries doubles from the first to the last.
const firstRetry, lastRetry = 500 * time.Millisecond, 4 * time.Second

// untilAnswered retries until the API server responds, even with an error. A reflector
// would retry with growing delays: after an outage of a minute its cache would be stale
// for up to another minute.
func untilAnswered[T any](ctx context.Context, clk clock.Clock, jitter backoff.Jitter, request func() (T, error)) (T, error) {
	for pauses := backoff.New(firstRetry, lastRetry, jitter); ; {
		got, err := request()
		var status apierrors.APIStatus
		if err == nil || errors.As(err, &status) {
			return got, err
		}
		timer := clk.NewTimer(pauses.Next())
		select {
		case <-timer.C():
		case <-ctx.Done():
			timer.Stop()
			return got, err
		}
	}
}

func tooOld() *apierrors.StatusError {
	return apierrors.NewResourceExpired("it is time to list again")
}

// relistTimer is the time until a cache needs another list. A list restarts it; a new
// watch does not.
type relistTimer struct {
	clock clock.PassiveClock
	after time.Duration
	mu    sync.Mutex
	due   time.Time
}

func (l *relistTimer) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = l.clock.Now().Add(l.after)
}

func (l *relistTimer) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.due.Sub(l.clock.Now())
}

// ageingWatch forwards the events of a watch until it expires.
type ageingWatch struct {
	from    watch.Interface
	timer   clock.Timer
	events  chan watch.Event
	stopped chan struct{}
	stop    func()
}

func newAgeingWatch(from watch.Interface, timer clock.Timer) *ageingWatch {
	stopped := make(chan struct{})
	w := &ageingWatch{
		from: from, timer: timer, events: make(chan watch.Event),
		stopped: stopped, stop: sync.OnceFunc(func() { close(stopped) }),
	}
	go w.run()
	return w
}

func (w *ageingWatch) ResultChan() <-chan watch.Event { return w.events }
func (w *ageingWatch) Stop()                          { w.stop() }

func (w *ageingWatch) run() {
	defer close(w.events)
	defer w.from.Stop()
	defer w.timer.Stop()
	for {
		select {
		case <-w.stopped:
			return
		case <-w.timer.C():
			status := tooOld().Status()
			w.pass(watch.Event{Type: watch.Error, Object: &status})
			return
		case event, ok := <-w.from.ResultChan():
			if !ok || !w.pass(event) {
				return
			}
		}
	}
}

// pass reports whether the event was received.
func (w *ageingWatch) pass(event watch.Event) bool {
	select {
	case w.events <- event:
		return true
	case <-w.stopped:
		return false
	}
}

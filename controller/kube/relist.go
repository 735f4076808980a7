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
	// relistAfter is how long a cache lives on what its watch says. A watch that
	// missed an event, or that is silent because what is between here and the
	// API server has forgotten it, never finds out: only a list shows what is
	// there. Five minutes is as long as a cache may be wrong.
	relistAfter = 4 * time.Minute
	// relistSpread keeps caches and replicas from listing in the same moment.
	relistSpread = 30 * time.Second
)

// listerWatcher lists and watches the objects of one kind.
type listerWatcher[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// relistTime returns how long a cache lives on its watch. It is another time for
// each kind and replica, and always the same for one.
func relistTime(instance, kind string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(instance + "/" + kind)) // it returns no error
	return relistAfter + time.Duration(h.Sum64()%uint64(relistSpread))
}

// newListWatch returns what fills the cache of a kind. Its watches say after a
// while that they are too old to go on from, upon which a reflector lists anew.
func newListWatch[L runtime.Object](from listerWatcher[L], selector string, clk clock.WithTicker, after time.Duration, jitter backoff.Jitter) *cache.ListWatch {
	listed := &listed{clock: clk, after: after}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			return untilAnswered(ctx, clk, jitter, func() (runtime.Object, error) {
				listed.now()
				return from.List(ctx, o)
			})
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			if o.SendInitialEvents != nil && *o.SendInitialEvents { // it begins with a list
				listed.now()
			}
			o.LabelSelector = selector
			return untilAnswered(ctx, clk, jitter, func() (watch.Interface, error) {
				left := listed.left()
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

// The pause before an API server that does not answer is asked again doubles
// from the first to the last.
const firstRetry, lastRetry = 500 * time.Millisecond, 4 * time.Second

// untilAnswered asks until the API server answers, if only with an error.
// A reflector that is told that nobody answers asks again ever more seldom: after
// a minute's outage its cache would be old for up to another.
func untilAnswered[T any](ctx context.Context, clk clock.Clock, jitter backoff.Jitter, ask func() (T, error)) (T, error) {
	for pauses := backoff.New(firstRetry, lastRetry, jitter); ; {
		got, err := ask()
		var answer apierrors.APIStatus
		if err == nil || errors.As(err, &answer) {
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
	return apierrors.NewResourceExpired("it is time to list anew")
}

// listed is when a cache was filled by a list, and when it is to be again. That
// watches come and go does not put it off.
type listed struct {
	clock clock.PassiveClock
	after time.Duration
	mu    sync.Mutex
	again time.Time
}

func (l *listed) now() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again = l.clock.Now().Add(l.after)
}

func (l *listed) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.again.Sub(l.clock.Now())
}

// ageingWatch passes on what a watch says, until its time is up.
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

// pass reports whether the event was taken.
func (w *ageingWatch) pass(event watch.Event) bool {
	select {
	case w.events <- event:
		return true
	case <-w.stopped:
		return false
	}
}

package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
)

// source is a kind without objects.
type source struct{}

func (source) List(context.Context, metav1.ListOptions) (*corev1.NodeList, error) {
	return &corev1.NodeList{}, nil
}

func (source) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	return watch.NewFake(), nil
}

// endsAfter waits until a watch ends, checks that it ends with the error of a version
// that is too old, and returns how long it lasted.
func endsAfter(t *testing.T, w watch.Interface) time.Duration {
	t.Helper()
	began := time.Now()
	e := <-w.ResultChan()
	if e.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(e.Object)) {
		t.Errorf("event: got %s %v, want the error of a version that is too old", e.Type, e.Object)
	}
	if _, more := <-w.ResultChan(); more {
		t.Error("the watch continues after its error")
	}
	return time.Since(began)
}

func TestWatchesLastAsLongAsTheListBeforeThem(t *testing.T) {
	tests := map[string]struct {
		list func(*testing.T, *cache.ListWatch)
	}{
		"a list": {func(t *testing.T, lw *cache.ListWatch) {
			t.Helper()
			_, err := lw.ListWithContext(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
		}},
		"a watch that begins with a list": {func(t *testing.T, lw *cache.ListWatch) {
			t.Helper()
			w, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{SendInitialEvents: ptr.To(true)})
			if err != nil {
				t.Fatal(err)
			}
			w.Stop()
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				lw := newListWatch(source{}, "", clock.RealClock{}, relistTime("replica", "nodes"), nil)
				tt.list(t, lw)
				for range 10 { // short watches do not postpone the end
					w, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{})
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(20 * time.Second)
					w.Stop()
				}
				w, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{})
				if err != nil {
					t.Fatal(err)
				}
				endsAfter(t, w)
				if age := time.Since(began); age < relistAfter || age > relistAfter+relistSpread {
					t.Errorf("the list is %s old, want %s to %s", age, relistAfter, relistAfter+relistSpread)
				}
				if _, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{}); !apierrors.IsResourceExpired(err) {
					t.Errorf("the next watch: got %v, want that its version is too old", err)
				}
				tt.list(t, lw)
				w, err = lw.WatchWithContext(t.Context(), metav1.ListOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if lasted := endsAfter(t, w); lasted < relistAfter {
					t.Errorf("after another list a watch lasted %s", lasted)
				}
			})
		})
	}
}

func TestWatchPassesOnWhatItSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := watch.NewFake()
		w := newAgeingWatch(from, clock.RealClock{}.NewTimer(time.Hour))
		go func() {
			from.Add(&corev1.Node{})
			from.Delete(&corev1.Node{})
			from.Stop()
		}()
		var got []watch.EventType
		for e := range w.ResultChan() {
			got = append(got, e.Type)
		}
		if want := []watch.EventType{watch.Added, watch.Deleted}; !slices.Equal(got, want) {
			t.Errorf("events: got %v, want %v", got, want)
		}
	})
}

func TestWatchThatIsStoppedEndsWithoutAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := watch.NewFake()
		w := newAgeingWatch(from, clock.RealClock{}.NewTimer(time.Hour))
		go from.Add(&corev1.Node{})
		synctest.Wait() // until the watch waits for a receiver of the event
		w.Stop()
		w.Stop()
		synctest.Wait()
		if !from.IsStopped() {
			t.Error("the inner watch is not stopped")
		}
	})
}

func TestUntilAnswered(t *testing.T) {
	refused := errors.New("connection refused")
	tests := map[string]struct {
		answers  []error // the last one repeats
		jitter   backoff.Jitter
		want     error
		requests int
		took     time.Duration
	}{
		"a response":                        {answers: []error{nil}, requests: 1},
		"a response with an error":          {answers: []error{apierrors.NewTooManyRequests("busy", 1)}, want: apierrors.NewTooManyRequests("busy", 1), requests: 1},
		"a short outage":                    {answers: []error{refused, refused, refused, nil}, requests: 4, took: 3500 * time.Millisecond},
		"a short outage, with jitter":       {answers: []error{refused, refused, refused, nil}, jitter: func() float64 { return 0.5 }, requests: 4, took: 3150 * time.Millisecond},
		"an outage without end":             {answers: []error{refused}, want: refused, requests: 18, took: time.Minute},
		"an internal error after an outage": {answers: []error{refused, apierrors.NewInternalError(refused)}, want: apierrors.NewInternalError(refused), requests: 2, took: 500 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began, requests := time.Now(), 0
				got, err := untilAnswered(ctx, clock.RealClock{}, tt.jitter, func() (int, error) {
					requests++
					return requests, tt.answers[min(requests, len(tt.answers))-1]
				})
				if fmt.Sprint(err) != fmt.Sprint(tt.want) || got != requests {
					t.Errorf("got %d, %v, want %v", got, err, tt.want)
				}
				if took := time.Since(began); requests != tt.requests || took != tt.took {
					t.Errorf("got %d requests in %s, want %d in %s", requests, took, tt.requests, tt.took)
				}
			})
		})
	}
}

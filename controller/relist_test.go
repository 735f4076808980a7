package controller

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// healing is how long a cache may be wrong.
const healing = 5 * time.Minute

func TestExecutionEndsWhateverItsWatchesShow(t *testing.T) {
	expired := apierrors.NewResourceExpired("too old").Status()
	everything := func(watch.Event) bool { return true }
	changes := func(e watch.Event) bool { return e.Type == watch.Modified }
	oneInTen := func(watch.Event) bool { return rand.N(10) == 0 }
	jobs, pods, nodes := "jobs", "pods", "nodes"
	const soon = time.Minute
	tests := map[string]struct {
		lens       lens
		of         []string
		wantWithin time.Duration
	}{
		"F-16 watches are closed every two seconds":               {lens{lasts: 2 * time.Second}, []string{jobs, pods, nodes}, soon},
		"F-16 watches end with 410 every two seconds":             {lens{lasts: 2 * time.Second, ends: &expired}, []string{jobs, pods, nodes}, 3 * time.Minute},
		"F-17 one event in ten is not shown":                      {lens{hide: oneInTen}, []string{jobs, pods}, 2 * healing},
		"F-17 nothing that happens to pods is shown":              {lens{hide: everything}, []string{pods}, soon}, // Jobs tell
		"F-17 no change of Jobs and pods is shown":                {lens{hide: changes}, []string{jobs, pods}, 2 * healing},
		"F-17 nothing is shown":                                   {lens{hide: everything}, []string{jobs, pods}, 2 * healing},
		"F-17 nothing is shown, by watches that do not last":      {lens{hide: everything, lasts: 40 * time.Second}, []string{jobs, pods}, 2 * healing},
		"F-18 everything is shown half a minute late":             {lens{late: 30 * time.Second}, []string{jobs, pods, nodes}, 3 * time.Minute},
		"F-19 everything is shown twice":                          {lens{twice: true}, []string{jobs, pods, nodes}, soon},
		"F-19 what happens in a second comes twice, in any order": {lens{twice: true, shuffle: true}, []string{jobs, pods, nodes}, 2 * healing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d") // two rounds of the pool
				for _, node := range []string{"a", "b", "c", "d"} {
					c.behave(node, behaviour{runFor: 5 * time.Second})
				}
				for _, resource := range tt.of {
					c.through(resource, tt.lens)
				}
				r := startReplica(t, c, newMemoryStore(), testConfig(func(c *config.Config) { c.StartDeadline = time.Hour }))
				defer r.kill()
				time.Sleep(tt.wantWithin)
				c.wantAllSucceeded(2)
			})
		})
	}
}

// A leader that starts from a list which an API server took from its own stale
// cache knows neither the Jobs nor how they ended.
func TestLeaderWithAStaleListRunsNothingTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := []string{"a", "b", "c", "d", "e"}
		c := newCluster(t, nodes...)
		for _, node := range nodes {
			c.behave(node, behaviour{runFor: 12 * time.Second})
		}
		store, cfg := newMemoryStore(), testConfig()
		r := startReplica(t, c, store, cfg)
		time.Sleep(20 * time.Second) // two have ended, two run
		r.kill()
		stale := time.Now().Add(30 * time.Second)
		for _, resource := range []string{"jobs", "pods"} {
			c.through(resource, lens{late: 30 * time.Second})
			c.react("list", resource, func(clienttesting.Action) (bool, runtimeObject, error) {
				if time.Now().After(stale) {
					return false, nil, nil
				}
				if resource == "jobs" {
					return true, &batchv1.JobList{}, nil
				}
				return true, &corev1.PodList{}, nil
			})
		}
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(5 * time.Minute)
		c.wantAllSucceeded(2)
	})
}

func TestNodeWhoseEndTheWatchDoesNotShowIsNoticed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a", "b")
		c.behave("a", behaviour{hangs: true})
		c.through("nodes", lens{hide: func(e watch.Event) bool { return e.Type == watch.Deleted }})
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(5 * time.Second)
		must(t, c.client.CoreV1().Nodes().Delete(t.Context(), "a", metav1.DeleteOptions{}))
		time.Sleep(healing)
		if got, want := outcomes(c.records()[0])["a"], lostBy("NodeGone"); got != want {
			t.Errorf("outcome: got %v, want %v", got, want)
		}
	})
}

// source is a kind without objects.
type source struct{}

func (source) List(context.Context, metav1.ListOptions) (*corev1.NodeList, error) {
	return &corev1.NodeList{}, nil
}

func (source) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	return watch.NewFake(), nil
}

// endsAfter returns how long a watch lasted, and that it ended as one that is
// too old to go on from.
func endsAfter(t *testing.T, w watch.Interface) time.Duration {
	t.Helper()
	began := time.Now()
	e := <-w.ResultChan()
	if e.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(e.Object)) {
		t.Errorf("event: got %s %v, want the error of a version that is too old", e.Type, e.Object)
	}
	if _, more := <-w.ResultChan(); more {
		t.Error("the watch goes on")
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
			must(t, err)
		}},
		"a watch that begins with a list": {func(t *testing.T, lw *cache.ListWatch) {
			t.Helper()
			w, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{SendInitialEvents: ptr.To(true)})
			must(t, err)
			w.Stop()
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				began := time.Now()
				lw := newListWatch(source{}, "", clock.RealClock{}, relistTime("replica", "nodes"))
				tt.list(t, lw)
				for range 10 { // those that do not last do not put it off
					w, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{})
					must(t, err)
					time.Sleep(20 * time.Second)
					w.Stop()
				}
				w, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{})
				must(t, err)
				endsAfter(t, w)
				if age := time.Since(began); age < relistAfter || age > relistAfter+relistSpread {
					t.Errorf("the list is %s old, want %s to %s", age, relistAfter, relistAfter+relistSpread)
				}
				if _, err := lw.WatchWithContext(t.Context(), metav1.ListOptions{}); !apierrors.IsResourceExpired(err) {
					t.Errorf("the next watch: got %v, want that its version is too old", err)
				}
				tt.list(t, lw)
				w, err = lw.WatchWithContext(t.Context(), metav1.ListOptions{})
				must(t, err)
				if lasted := endsAfter(t, w); lasted < relistAfter {
					t.Errorf("after another list a watch lasted %s", lasted)
				}
			})
		})
	}
}

func TestWatchPassesOnWhatItSees(t *testing.T) {
	inBubble(t, func(t *testing.T) {
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
	inBubble(t, func(t *testing.T) {
		from := watch.NewFake()
		w := newAgeingWatch(from, clock.RealClock{}.NewTimer(time.Hour))
		go from.Add(&corev1.Node{})
		synctest.Wait() // it waits for somebody to take the event
		w.Stop()
		w.Stop()
		synctest.Wait()
		if !from.IsStopped() {
			t.Error("what it watches is not stopped")
		}
	})
}

func TestUntilAnswered(t *testing.T) {
	refused := errors.New("connection refused")
	tests := map[string]struct {
		answers []error // the last one again and again
		want    error
		asked   int
		took    time.Duration
	}{
		"it answers":                   {answers: []error{nil}, asked: 1},
		"it answers with an error":     {answers: []error{apierrors.NewTooManyRequests("busy", 1)}, want: apierrors.NewTooManyRequests("busy", 1), asked: 1},
		"it is away for a while":       {answers: []error{refused, refused, refused, nil}, asked: 4, took: 3500 * time.Millisecond},
		"it is away for good":          {answers: []error{refused}, want: refused, asked: 18, took: time.Minute},
		"it is back, and not well yet": {answers: []error{refused, apierrors.NewInternalError(refused)}, want: apierrors.NewInternalError(refused), asked: 2, took: 500 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began, asked := time.Now(), 0
				got, err := untilAnswered(ctx, clock.RealClock{}, func() (int, error) {
					asked++
					return asked, tt.answers[min(asked, len(tt.answers))-1]
				})
				if fmt.Sprint(err) != fmt.Sprint(tt.want) || got != asked {
					t.Errorf("got %d, %v, want %v", got, err, tt.want)
				}
				if took := time.Since(began); asked != tt.asked || took != tt.took {
					t.Errorf("asked %d times in %s, want %d in %s", asked, took, tt.asked, tt.took)
				}
			})
		})
	}
}

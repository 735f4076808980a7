package audit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	v1alpha1client "github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/follow"
)

// Audit records all changes of the Jobs, pods, Executions and events of a namespace.
type Audit struct {
	tb  testing.TB
	end func()

	mu      sync.Mutex
	state   *State
	changed chan struct{} // closed at the next change
	failed  error
}

// New observes a new namespace until the end of the test; quiet: only its Jobs and pods.
func New(tb testing.TB, client kubernetes.Interface, resources v1alpha1client.Interface, namespace string, quiet bool) *Audit {
	tb.Helper()
	a := &Audit{tb: tb, state: newState(), changed: make(chan struct{})}
	// The namespace is new, so that there are no earlier objects. All kinds are in one
	// etcd, so that one resource version is valid for all of them but custom resources.
	list, err := client.BatchV1().Jobs(namespace).List(tb.Context(), metav1.ListOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	var watching sync.WaitGroup
	watching.Go(func() { observe(ctx, a, list.ResourceVersion, client.BatchV1().Jobs(namespace).Watch, a.state.seeJob) })
	watching.Go(func() { observe(ctx, a, list.ResourceVersion, client.CoreV1().Pods(namespace).Watch, a.state.seePod) })
	if !quiet {
		executions, events := resources.Executions(namespace), client.CoreV1().Events(namespace)
		none, err := executions.List(ctx, metav1.ListOptions{}) // their cache may begin later
		if err != nil {
			cancel()
			tb.Fatal(err)
		}
		watching.Go(func() { observe(ctx, a, none.ResourceVersion, executions.Watch, a.state.seeExecution) })
		watching.Go(func() { observe(ctx, a, list.ResourceVersion, events.Watch, a.state.seeEvent) })
	}
	a.end = func() {
		cancel()
		watching.Wait()
	}
	tb.Cleanup(a.end)
	return a
}

// observe is a function because methods cannot have type parameters.
func observe[T runtime.Object](
	ctx context.Context,
	a *Audit,
	after string,
	open func(context.Context, metav1.ListOptions) (watch.Interface, error),
	see func(watch.EventType, T, time.Time),
) {
	err := follow.Changes(ctx, after, open, "", func(kind watch.EventType, object T, at time.Time) bool {
		a.change(func() { see(kind, object, at) })
		return true
	})
	if !errors.Is(err, context.Canceled) {
		a.change(func() { a.failed = err })
	}
}

// Stop ends the observation. The state remains.
func (a *Audit) Stop() { a.end() }

func (a *Audit) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.changed)
	a.changed = make(chan struct{})
}

// Read calls f with the state. F must not keep it.
func (a *Audit) Read(f func(*State)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a.state)
}

// Follow calls f with the state now and after each change, until ctx ends. F
// must not keep it.
func (a *Audit) Follow(ctx context.Context, f func(*State)) {
	for {
		a.mu.Lock()
		f(a.state)
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Until waits until the condition holds, and fails the test if that takes
// longer than the timeout.
func (a *Audit) Until(timeout time.Duration, condition string, holds func(*State) bool) {
	a.tb.Helper()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		a.mu.Lock()
		met, failed, changed := holds(a.state), a.failed, a.changed
		a.mu.Unlock()
		switch {
		case failed != nil:
			a.tb.Fatalf("the audit is not complete: %v", failed)
		case met:
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			a.mu.Lock()
			unended := a.state.unended()
			a.mu.Unlock()
			a.tb.Fatalf("not after %s: %s\n%s", timeout, condition, unended)
		case <-a.tb.Context().Done():
			a.tb.Fatalf("not before the end of the test: %s", condition)
		}
	}
}

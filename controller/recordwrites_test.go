package controller

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clienttesting "k8s.io/client-go/testing"
)

// meter counts requests by the second.
type meter struct {
	mu       sync.Mutex
	bySecond map[int64]int
}

func (m *meter) count() (total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bySecond == nil {
		m.bySecond = map[int64]int{}
	}
	m.bySecond[time.Now().Unix()]++
	for _, n := range m.bySecond {
		total += n
	}
	return total
}

// most returns the largest number of requests of any second.
func (m *meter) most() (most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.bySecond {
		most = max(most, n)
	}
	return most
}

func TestRecordThatCannotBeWrittenForAMinuteIsNotTriedInABusyLoop(t *testing.T) {
	conflict := apierrors.NewConflict(corev1.Resource("executions"), "x", errors.New("another client was faster"))
	tests := map[string]struct{ err error }{
		"F-12 another client is always faster": {conflict},
		"F-10 the API server is overloaded":    {apierrors.NewTooManyRequestsError("slow down")},
		"F-10 the API server is broken":        {apierrors.NewInternalError(errors.New("broken"))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b", "c", "d", "e", "f")
				for _, node := range []string{"a", "b", "c", "d", "e", "f"} {
					c.behave(node, behaviour{runFor: 2 * time.Second})
				}
				until := time.Now().Add(time.Minute)
				var opened atomic.Bool
				var requests meter
				tally := func() {
					if time.Now().Before(until) && requests.count() > 10_000 {
						until = time.Now() // of a busy loop no time passes
					}
				}
				c.react("get", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
					tally()
					return false, nil, nil
				})
				c.react("update", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
					if !opened.Swap(true) {
						return false, nil, nil
					}
					tally()
					return time.Now().Before(until), nil, tt.err
				})
				r := startReplica(t, c, newMemoryStore(), testConfig())
				defer r.kill()
				time.Sleep(time.Minute + 30*time.Second)
				if most := requests.most(); most > 5 {
					t.Errorf("requests within a second: got %d, want at most 5", most)
				}
				if total := requests.count(); total < 4 {
					t.Errorf("requests: got %d, want that it keeps trying", total)
				}
				c.wantAllSucceeded(2)
			})
		})
	}
}

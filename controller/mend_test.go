package controller

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// lossyStore loses the results of a node, or fails to read them.
type lossyStore struct {
	*memoryStore
	lost atomic.Pointer[loss]
}

type loss struct {
	node string
	err  error // of reading its results
}

func (s *lossyStore) HasResult(key execution.Key) bool {
	lost := s.lost.Load()
	return (lost == nil || key.Node != lost.node) && s.memoryStore.HasResult(key)
}

func (s *lossyStore) Result(key execution.Key) ([]byte, error) {
	if lost := s.lost.Load(); lost != nil && key.Node == lost.node {
		return nil, lost.err
	}
	return s.memoryStore.Result(key)
}

func TestAResultWhoseFileIsGoneIsNotReported(t *testing.T) {
	tests := map[string]struct {
		lost         time.Duration // after the begin
		err          error         // of reading it
		wantReported bool
	}{
		"before the execution closes":                {lost: 15 * time.Second},
		"after it has closed, at the next leader":    {lost: 2 * time.Minute},
		"the disk cannot be read when it closes":     {lost: 15 * time.Second, err: errors.New("input/output error"), wantReported: true},
		"the disk cannot be read at the next leader": {lost: 2 * time.Minute, err: errors.New("input/output error"), wantReported: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				for _, node := range []string{"a", "b"} {
					c.behave(node, behaviour{runFor: 30 * time.Second})
				}
				store := &lossyStore{memoryStore: newMemoryStore()}
				r := startReplica(t, c, store, testConfig())
				time.Sleep(10 * time.Second)
				id := c.records()[0].Plan.ID
				for _, node := range []string{"a", "b"} {
					must(t, r.Result(t.Context(), execution.Key{Execution: id, Node: node}, []byte(validResult)))
				}
				time.Sleep(tt.lost)
				store.lost.Store(&loss{node: "a", err: tt.err})
				time.Sleep(2 * time.Minute)
				r.kill()
				next := startReplica(t, c, store, testConfig())
				defer next.kill()
				time.Sleep(500 * time.Millisecond)
				report, err := store.Report(id)
				must(t, err)
				reported := map[string]bool{}
				for _, task := range report.Tasks {
					reported[task.Node] = task.Reported
				}
				if reported["a"] != tt.wantReported || !reported["b"] {
					t.Errorf("reported: got %v, want of a %t and of b true", reported, tt.wantReported)
				}
			})
		})
	}
}

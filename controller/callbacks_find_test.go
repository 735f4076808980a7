package controller

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func TestACallbackFindsTheDefinitionOfItsExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := newReplica(t, newCluster(t).client, newMemoryStore(), testConfig())
		second, _ := r.queue("second")
		const ofSecond = execution.ID("20261124034200")
		second.Resume(queue.Found{Records: record.Listing{Damaged: []*record.DamagedError{{ID: ofSecond, Open: true}}}})
		tests := map[execution.ID]error{
			ofSecond:         execution.ErrEnded,
			"20261124034201": execution.ErrUnknownExecution,
		}
		for id, want := range tests {
			if _, err := (reported{r.Manager}).find(execution.Key{Execution: id, Node: "a"}); !errors.Is(err, want) {
				t.Errorf("execution %s: got %v, want %v", id, err, want)
			}
		}
	})
}

// TestALeaderWithoutADefinitionKnowsNoExecution has pods that report although their definition
// is gone.
func TestALeaderWithoutADefinitionKnowsNoExecution(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		r := startReplica(t, newCluster(t, "a"), newMemoryStore(), without())
		defer r.kill()
		time.Sleep(time.Second)
		key := execution.Key{Execution: "20261124034200", Node: "a"}
		if err := r.Result(t.Context(), key, []byte(validResult)); !errors.Is(err, execution.ErrUnknownExecution) {
			t.Errorf("a result: got %v, want %v", err, execution.ErrUnknownExecution)
		}
		if _, err := r.File(t.Context(), key, "a.txt", "", strings.NewReader("x")); !errors.Is(err, execution.ErrUnknownExecution) {
			t.Errorf("a file: got %v, want %v", err, execution.ErrUnknownExecution)
		}
	})
}

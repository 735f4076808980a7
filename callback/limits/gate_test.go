package limits

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 1, 30*time.Second)
		leave, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		entered := make(chan func())
		go func() {
			leave, err := g.Enter(t.Context())
			if err != nil {
				t.Errorf("the first that waits: %v", err)
			}
			entered <- leave
		}()
		synctest.Wait()
		if _, err := g.Enter(t.Context()); !errors.Is(err, execution.ErrUnavailable) {
			t.Errorf("the second that waits: got %v, want it turned away", err)
		}
		leave()
		leave = <-entered

		start := time.Now()
		if _, err := g.Enter(t.Context()); !errors.Is(err, execution.ErrUnavailable) || time.Since(start) != 30*time.Second {
			t.Errorf("one that waits too long: got %v after %s", err, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("one that has gone: got %v", err)
		}
		leave()
		if leave, err = g.Enter(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		leave()
	})
}

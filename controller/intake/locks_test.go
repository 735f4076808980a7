package intake

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestTaskLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var locks taskLocks
		var all sync.WaitGroup
		began := time.Now()
		for range 5 {
			for node := range 2 {
				all.Go(func() {
					defer locks.lock(execution.Key{Node: fmt.Sprint(node)})()
					time.Sleep(time.Second)
				})
			}
		}
		all.Wait()
		if took := time.Since(began); took != 5*time.Second { // the nodes' locks are independent
			t.Errorf("took %v, want 5s", took)
		}
		if n := len(locks.locks); n != 0 {
			t.Errorf("%d locks are left", n)
		}
	})
}

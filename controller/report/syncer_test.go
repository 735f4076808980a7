package report

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestWaitersShareOneFsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fsyncs atomic.Int32
		begun, goOn := make(chan bool), make(chan bool)
		s := newSyncer(func(string) error {
			fsyncs.Add(1)
			begun <- true
			<-goOn
			return nil
		})
		var all sync.WaitGroup
		all.Go(func() { check(t, s.sync("d"), nil) })
		<-begun
		early := atomic.Int32{}
		for range 50 {
			all.Go(func() {
				check(t, s.sync("d"), nil)
				early.Add(1)
			})
		}
		synctest.Wait()
		goOn <- true
		<-begun // this fsync does not suffice for later callers
		synctest.Wait()
		if n := early.Load(); n != 0 {
			t.Errorf("%d callers returned before an fsync that began after their call", n)
		}
		goOn <- true
		all.Wait()
		if n := fsyncs.Load(); n != 2 {
			t.Errorf("%d fsyncs for 51 callers, want 2", n)
		}
		if len(s.queue) != 0 {
			t.Errorf("%d directories are left in the queue", len(s.queue))
		}
	})
}

func TestAFailedFsyncFailsForAllWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		goOn := make(chan error)
		s := newSyncer(func(string) error { return <-goOn })
		var all sync.WaitGroup
		all.Go(func() { check(t, s.sync("d"), nil) })
		synctest.Wait()
		for range 3 {
			all.Go(func() { check(t, s.sync("d"), broken) })
		}
		synctest.Wait()
		goOn <- nil
		goOn <- broken
		all.Wait()
		all.Go(func() { check(t, s.sync("d"), nil) })
		goOn <- nil
		all.Wait()
	})
}

func TestDirectoriesDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan bool)
		s := newSyncer(func(name string) error {
			if name == "slow" {
				<-goOn
			}
			return nil
		})
		var all sync.WaitGroup
		all.Go(func() { check(t, s.sync("slow"), nil) })
		synctest.Wait()
		check(t, s.sync("fast"), nil)
		close(goOn)
		all.Wait()
	})
}

func check(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

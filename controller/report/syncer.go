package report

import "sync"

// syncer makes the names in directories durable. Goroutines that ask for the
// same directory share one fsync, which is most of the price of a small file.
type syncer struct {
	syncDir func(name string) error

	mu    sync.Mutex
	queue map[string]*dirQueue // only directories somebody waits for
}

// dirQueue is those who wait for one directory.
type dirQueue struct {
	turn    chan struct{} // full while the directory is synced
	next    *dirSync      // not begun; nil: nobody waits for another one
	waiters int
}

// dirSync is one fsync, and those it is for.
type dirSync struct {
	done chan struct{}
	err  error
}

func newSyncer(syncDir func(string) error) *syncer {
	return &syncer{syncDir: syncDir, queue: map[string]*dirQueue{}}
}

// sync returns after an fsync of the directory that began after the call. One
// already under way will not do: it may have passed by what the caller changed.
func (s *syncer) sync(name string) error {
	q, mine, leads := s.join(name)
	defer s.leave(name, q)
	if !leads {
		<-mine.done
		return mine.err
	}
	q.turn <- struct{}{}
	defer func() { <-q.turn }()
	s.mu.Lock()
	q.next = nil // who comes from here on is too late for this one
	s.mu.Unlock()
	mine.err = s.syncDir(name)
	close(mine.done)
	return mine.err
}

// join waits for the directory's next fsync. The first to do so is to do it.
func (s *syncer) join(name string) (q *dirQueue, mine *dirSync, leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q = s.queue[name]
	if q == nil {
		q = &dirQueue{turn: make(chan struct{}, 1)}
		s.queue[name] = q
	}
	q.waiters++
	if q.next == nil {
		q.next = &dirSync{done: make(chan struct{})}
		leads = true
	}
	return q, q.next, leads
}

func (s *syncer) leave(name string, q *dirQueue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.waiters--
	if q.waiters == 0 {
		delete(s.queue, name)
	}
}

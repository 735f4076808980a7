package report

import "sync"

// syncer makes the names in directories durable. Goroutines that wait for the same
// directory share an fsync, which is most of the cost of a small file.
type syncer struct {
	syncDir func(name string) error

	mu    sync.Mutex
	queue map[string]*dirQueue // only directories with waiters
}

// dirQueue is the waiters for a directory.
type dirQueue struct {
	turn    chan struct{} // full while the directory is synced
	next    *dirSync      // the next fsync; nil: no goroutine waits for it
	waiters int
}

// dirSync is an fsync.
type dirSync struct {
	done chan struct{}
	err  error
}

func newSyncer(syncDir func(string) error) *syncer {
	return &syncer{syncDir: syncDir, queue: map[string]*dirQueue{}}
}

// sync returns after an fsync of the directory that began after the call. An fsync in
// progress is not enough: it may have missed the caller's change.
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
	q.next = nil // later callers need another fsync
	s.mu.Unlock()
	mine.err = s.syncDir(name)
	close(mine.done)
	return mine.err
}

// join joins the directory's next fsync. The first caller leads: it has to run it.
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

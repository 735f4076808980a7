package report

import (
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Store is a report directory. It is safe for concurrent use.
type Store struct {
	disk  Disk
	files fs.FS // of the disk
	dirs  *syncer
	// layout is held while executions are added or deleted: latest must not point to an
	// execution that was the newest a moment ago.
	layout sync.Mutex
	// begun has the executions of Begin that are not deleted. layout guards it.
	begun map[execution.ID]beginning
	// whole has, of other executions, whether latest may point to them, as far as that was
	// read from the disk. layout guards it.
	whole map[execution.ID]bool

	options   Options
	free      atomic.Int64 // last known
	reserved  atomic.Int64 // what files must leave free, last known
	measuring atomic.Bool  // a goroutine reads the free space
	failing   atomic.Bool  // the last write failed
}

// Open opens a report directory, and cleans up after a process that died. It returns an
// error if the directory is not writable.
func Open(d Disk, o Options) (*Store, error) {
	s := &Store{disk: d, files: d.FS(), dirs: newSyncer(d.SyncDir), begun: map[execution.ID]beginning{}, whole: map[execution.ID]bool{}, options: o.WithDefaults()}
	if err := s.probe(); err != nil {
		return nil, fmt.Errorf("is not writable: %w", explain(err))
	}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("clean up: %w", explain(err))
	}
	s.reserved.Store(s.options.FreeBytes)
	s.Free()
	return s, nil
}

// FS returns the directory for reading. No link in it leads out of it.
func (s *Store) FS() fs.FS { return s.files }

// probe writes a file and removes it.
func (s *Store) probe() error {
	name := tempName(".")
	f, err := s.disk.Create(name)
	if err != nil {
		return err
	}
	if err := s.fill(f, name, text([]byte("probe"))); err != nil {
		return err
	}
	return s.disk.Remove(name)
}

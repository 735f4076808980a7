package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"
	"syscall"

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
	// begun has the executions of Begin that are not deleted, and whether their
	// directories are durable. layout guards it.
	begun map[execution.ID]bool

	options   Options
	free      atomic.Int64 // last known
	reserved  atomic.Int64 // what files leave of it, last known
	measuring atomic.Bool  // a goroutine reads the free space
	failing   atomic.Bool  // the last write failed
}

// Open opens a report directory, and cleans up after a process that died. It returns an
// error if the directory is not writable.
func Open(d Disk, o Options) (*Store, error) {
	s := &Store{disk: d, files: d.FS(), dirs: newSyncer(d.SyncDir), begun: map[execution.ID]bool{}, options: o.withDefaults()}
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

const tempPrefix = ".tmp-"

func tempName(dir string) string { return path.Join(dir, tempPrefix+rand.Text()) }

// content writes a file's content.
type content func(io.Writer) error

func text(body []byte) content {
	return func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	}
}

// save writes a file of an execution, and replaces one of the same name. If it returns
// nil, the file is durable; if not, either the old or the new file exists, completely.
func (s *Store) save(id execution.ID, name string, write content) error {
	return s.saveBy(id, name, write, s.replace)
}

// naming renames a temporary file. The temporary name is gone afterwards, even on an
// error.
type naming func(temp, name string) error

// saveBy is save with a naming.
func (s *Store) saveBy(id execution.ID, name string, write content, naming naming) error {
	if err := checkID(id); err != nil {
		return err
	}
	err := s.put(id, name, write, naming)
	if begun, _ := s.isBegun(id); !begun && errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: its report was pruned", execution.ErrEnded)
	}
	return s.noted(err)
}

func (s *Store) put(id execution.ID, name string, write content, naming naming) error {
	dir := string(id)
	temp := tempName(dir)
	f, err := s.create(id, temp)
	if err != nil {
		return err
	}
	if err := s.fill(f, temp, write); err != nil {
		return err
	}
	if err := naming(temp, path.Join(dir, name)); err != nil {
		return err
	}
	return s.dirs.sync(dir)
}

// create creates a file of an execution. If Begin failed, it retries, so that no result
// is lost. The directory may exist all the same: no file in it is durable before the
// directory is.
func (s *Store) create(id execution.ID, name string) (File, error) {
	if begun, durable := s.isBegun(id); begun && !durable {
		if err := s.begin(id, s.makeAgain); err != nil {
			return nil, err
		}
	}
	f, err := s.disk.Create(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := s.begin(id, s.makeAgain); err != nil {
		return nil, err
	}
	return s.disk.Create(name)
}

// replace renames a temporary file.
func (s *Store) replace(temp, name string) error {
	err := s.disk.Rename(temp, name)
	if err != nil {
		s.discard(temp)
	}
	return err
}

// fill writes and syncs a new file, or removes it.
func (s *Store) fill(f File, name string, write content) error {
	err := blaming(write, f)
	if err == nil {
		err = f.Sync() // never retried: after an error, the next fsync would succeed without having written
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		s.discard(name)
	}
	return err
}

// discard removes a file after another error. If that fails, the file is deleted with
// its execution.
func (s *Store) discard(name string) { _ = s.disk.Remove(name) }

// explain wraps the error of a full disk with ErrNoSpace.
func explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", execution.ErrNoSpace, err)
	}
	return err
}

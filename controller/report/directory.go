package report

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Begin creates an execution's directory if it does not exist, and makes latest point
// to the newest one. If it fails, the first file of the execution retries.
func (s *Store) Begin(id execution.ID) error {
	err := checkID(id)
	if err == nil {
		err = s.noted(s.begin(id, s.make))
	}
	if err != nil {
		return fmt.Errorf("begin report %s: %w", id, err)
	}
	return nil
}

func (s *Store) begin(id execution.ID, makeDirectory func(execution.ID) (made bool, err error)) error {
	made, err := makeDirectory(id)
	if err != nil {
		return err
	}
	if !made {
		// The process that created it may have died before its files were durable, and
		// from here on they count as stored.
		if err := s.dirs.sync(string(id)); err != nil {
			return err
		}
	}
	if err := s.dirs.sync("."); err != nil {
		return err
	}
	s.noteDurable(id)
	return nil
}

func (s *Store) make(id execution.ID) (made bool, err error) {
	s.layout.Lock()
	defer s.layout.Unlock()
	if _, begun := s.begun[id]; !begun {
		s.begun[id] = false
	}
	return s.makeDirectory(id)
}

// makeAgain creates a missing directory, unless the execution was pruned during an
// upload: the directory would stay for ever.
func (s *Store) makeAgain(id execution.ID) (made bool, err error) {
	s.layout.Lock()
	defer s.layout.Unlock()
	if _, begun := s.begun[id]; !begun {
		return false, fs.ErrNotExist
	}
	return s.makeDirectory(id)
}

func (s *Store) noteDurable(id execution.ID) {
	s.layout.Lock()
	defer s.layout.Unlock()
	if _, begun := s.begun[id]; begun {
		s.begun[id] = true
	}
}

// isBegun reports whether Begin was called, and whether the directory is durable.
func (s *Store) isBegun(id execution.ID) (begun, durable bool) {
	s.layout.Lock()
	defer s.layout.Unlock()
	durable, begun = s.begun[id]
	return begun, durable
}

// makeDirectory is called with s.layout held.
func (s *Store) makeDirectory(id execution.ID) (made bool, err error) {
	err = s.disk.Mkdir(string(id))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	return err == nil, s.newest("")
}

package report

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// beginning is an execution that has begun.
type beginning struct {
	about   execution.About
	durable bool // the directory, and in it what the execution is
}

// Begin creates an execution's directory if it does not exist, stores in it what the
// execution is, and makes latest point to the newest one. If it fails, the first file of
// the execution retries.
func (s *Store) Begin(id execution.ID, about execution.About) error {
	err := checkID(id)
	if err == nil {
		s.note(id, about)
		err = s.noted(s.begin(id))
	}
	if err != nil {
		return fmt.Errorf("begin report %s: %w", id, err)
	}
	return nil
}

func (s *Store) note(id execution.ID, about execution.About) {
	s.layout.Lock()
	defer s.layout.Unlock()
	s.begun[id] = beginning{about: about, durable: s.begun[id].durable}
}

// begin makes the directory and its name durable. It fails with fs.ErrNotExist if the
// execution was pruned, as during an upload: the directory would stay for ever.
func (s *Store) begin(id execution.ID) error {
	about, err := s.makeDirectory(id)
	if err != nil {
		return err
	}
	if err := s.saveAbout(id, about); err != nil {
		return err
	}
	// The process that created it may have died before its files were durable, and from
	// here on they count as stored.
	if err := s.dirs.sync(string(id)); err != nil {
		return err
	}
	if err := s.follow(); err != nil {
		return err
	}
	if err := s.dirs.sync("."); err != nil {
		return err
	}
	s.noteDurable(id)
	return nil
}

func (s *Store) makeDirectory(id execution.ID) (about execution.About, err error) {
	s.layout.Lock()
	defer s.layout.Unlock()
	begun, ok := s.begun[id]
	if !ok {
		return about, fs.ErrNotExist
	}
	if err := s.disk.Mkdir(string(id)); err != nil && !errors.Is(err, fs.ErrExist) {
		return about, err
	}
	return begun.about, nil
}

// follow makes latest point to the newest execution.
func (s *Store) follow() error {
	s.layout.Lock()
	defer s.layout.Unlock()
	return s.newest("")
}

func (s *Store) noteDurable(id execution.ID) {
	s.layout.Lock()
	defer s.layout.Unlock()
	if begun, ok := s.begun[id]; ok {
		begun.durable = true
		s.begun[id] = begun
	}
}

// isBegun reports whether Begin was called, and whether the directory is durable.
func (s *Store) isBegun(id execution.ID) (begun, durable bool) {
	s.layout.Lock()
	defer s.layout.Unlock()
	b, begun := s.begun[id]
	return begun, b.durable
}

package report

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Drop deletes an execution's directory. It disappears at once; if this process dies
// before everything is deleted, Open deletes the rest.
func (s *Store) Drop(id execution.ID) error {
	err := checkID(id)
	if err == nil {
		err = s.noted(s.drop(id))
	}
	if err != nil {
		return fmt.Errorf("drop report %s: %w", id, err)
	}
	return nil
}

func (s *Store) drop(id execution.ID) error {
	trash := trashName(id)
	if err := s.disk.RemoveAll(trash); err != nil { // of a deletion that failed
		return err
	}
	if err := s.moveToTrash(id, trash); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := s.dirs.sync("."); err != nil {
		return err
	}
	return s.disk.RemoveAll(trash)
}

func (s *Store) moveToTrash(id execution.ID, trash string) error {
	s.layout.Lock()
	defer s.layout.Unlock()
	delete(s.begun, id)
	delete(s.whole, id)
	if err := s.newest(id); err != nil { // first, so that latest never dangles
		return err
	}
	return s.disk.Rename(string(id), trash)
}

const (
	trashPrefix = "."
	trashSuffix = ".deleting"
)

// trashName is the name of an execution's directory while it is being deleted.
func trashName(id execution.ID) string {
	return trashPrefix + string(id) + trashSuffix
}

func isTrash(name string) bool {
	id, begins := strings.CutPrefix(name, trashPrefix)
	id, ends := strings.CutSuffix(id, trashSuffix)
	return begins && ends && checkID(execution.ID(id)) == nil
}

package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// reportName is the file of the execution itself.
const reportName = "execution.json"

// Begin makes an execution's directory, unless it is there, and makes latest
// lead to the newest one. Should it fail, the first file of the execution tries
// again.
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
		// Whoever made it may have died before what is in it was durable, and
		// from here on it counts as stored.
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

// makeAgain makes a directory that is missing, unless that is because the
// execution was dropped while something of it was on its way here: it would
// stay for ever.
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

// isBegun reports whether the execution was begun, and whether its directory is
// durable.
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

// checkID keeps what is no ID from being taken for a path.
func checkID(id execution.ID) error {
	_, err := execution.ParseID(string(id))
	return err
}

// SaveReport stores what an execution came to.
func (s *Store) SaveReport(r execution.Report) error {
	body, err := json.Marshal(r)
	if err == nil {
		err = s.save(r.ID, reportName, text(append(body, '\n')))
	}
	if err != nil {
		return fmt.Errorf("report %s: %w", r.ID, err)
	}
	return nil
}

// Report returns what an execution came to. The error wraps fs.ErrNotExist if
// it has not closed.
func (s *Store) Report(id execution.ID) (execution.Report, error) {
	var r execution.Report
	body, err := fs.ReadFile(s.files, path.Join(string(id), reportName))
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		return execution.Report{}, fmt.Errorf("report %s: %w", id, err)
	}
	return r, nil
}

// Executions returns the executions that have a directory, oldest first.
// Whatever else there is, such as lost+found, is none.
func (s *Store) Executions() ([]execution.ID, error) {
	entries, err := fs.ReadDir(s.files, ".")
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	var ids []execution.ID
	for _, entry := range entries {
		if id, err := execution.ParseID(entry.Name()); err == nil && entry.IsDir() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Drop deletes an execution with all that it left. It disappears at once, and
// if this process dies before all of it is deleted, Open goes on with it.
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
	grave := tombstone(id)
	if err := s.disk.RemoveAll(grave); err != nil { // of a deletion that failed
		return err
	}
	if err := s.bury(id, grave); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := s.dirs.sync("."); err != nil {
		return err
	}
	return s.disk.RemoveAll(grave)
}

func (s *Store) bury(id execution.ID, grave string) error {
	s.layout.Lock()
	defer s.layout.Unlock()
	delete(s.begun, id)
	if err := s.newest(id); err != nil { // first, so that latest always leads somewhere
		return err
	}
	return s.disk.Rename(string(id), grave)
}

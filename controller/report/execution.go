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

// checkID prevents the use of an invalid ID as a path.
func checkID(id execution.ID) error {
	_, err := execution.ParseID(string(id))
	return err
}

// SaveReport stores an execution's report.
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

// Report returns an execution's report. The error wraps fs.ErrNotExist if the execution
// has not closed.
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

// Executions returns the executions that have a directory, oldest first. It ignores
// other names, such as lost+found.
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
	if err := s.newest(id); err != nil { // first, so that latest never dangles
		return err
	}
	return s.disk.Rename(string(id), trash)
}

package report

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// save writes a file of an execution, and replaces one of the same name. If it returns
// nil, the file is durable; if not, either the old or the new file exists, completely.
func (s *Store) save(id execution.ID, name string, write content) error {
	return s.saveBy(id, name, write, s.replace)
}

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
		if err := s.begin(id); err != nil {
			return nil, err
		}
	}
	f, err := s.disk.Create(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := s.begin(id); err != nil {
		return nil, err
	}
	return s.disk.Create(name)
}

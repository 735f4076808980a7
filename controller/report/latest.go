package report

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// latest is a link to the newest execution's directory. It is relative: an os.Root
// follows no absolute links, and the directory may be mounted elsewhere.
const latest = "latest"

// pointLatest replaces the link atomically.
func (s *Store) pointLatest(id execution.ID) error {
	if target, err := fs.ReadLink(s.files, latest); err == nil && target == string(id) {
		return nil
	}
	temp := tempName(".")
	if err := s.disk.Symlink(string(id), temp); err != nil {
		return fmt.Errorf("link %s: %w", latest, err)
	}
	if err := s.replace(temp, latest); err != nil {
		return fmt.Errorf("link %s: %w", latest, err)
	}
	return nil
}

// newest makes the link point to the newest whole execution other than but, or removes it
// if there is none. The caller holds s.layout.
func (s *Store) newest(but execution.ID) error {
	ids, err := s.Executions()
	if err != nil {
		return err
	}
	for _, id := range slices.Backward(ids) {
		if id != but && s.isWhole(id) {
			return s.pointLatest(id)
		}
	}
	if err := s.disk.Remove(latest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove link %s: %w", latest, err)
	}
	return nil
}

// repairLatest replaces a dangling link, as after a power failure, or from a
// predecessor with absolute links.
func (s *Store) repairLatest() error {
	if _, err := fs.Stat(s.files, latest); err == nil {
		return nil
	}
	s.layout.Lock()
	defer s.layout.Unlock()
	return s.newest("")
}

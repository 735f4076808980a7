package report

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// abandonedAfter is the age at which an unfinished file is deleted. Slower uploads are
// rejected. A younger file may belong to the leader, if this is a standby that starts
// on the same volume.
const abandonedAfter = time.Hour

// sweep finishes deletions, and deletes unfinished files.
func (s *Store) sweep() error {
	entries, err := fs.ReadDir(s.files, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case isTrash(name):
			err = s.disk.RemoveAll(name)
		case entry.IsDir() && checkID(execution.ID(name)) == nil:
			err = s.sweepTemps(name)
		}
		if err != nil {
			return err
		}
	}
	if err := s.sweepTemps("."); err != nil {
		return err
	}
	return s.repairLatest()
}

func (s *Store) sweepTemps(dir string) error {
	entries, err := fs.ReadDir(s.files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the leader has pruned it meanwhile
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), tempPrefix) || !abandoned(entry) {
			continue
		}
		if err := s.disk.Remove(path.Join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func abandoned(entry fs.DirEntry) bool {
	info, err := entry.Info()
	return err == nil && time.Since(info.ModTime()) > abandonedAfter
}

package report

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// abandonedAfter is how long nobody must have written to an unfinished file
// before it is swept. Uploads that are slower are refused. Younger ones may
// belong to the leader, if this is a standby starting on the same volume.
const abandonedAfter = time.Hour

const (
	tombstonePrefix = "."
	tombstoneSuffix = ".deleting"
)

// tombstone is the name of an execution's directory while it is being deleted.
func tombstone(id execution.ID) string {
	return tombstonePrefix + string(id) + tombstoneSuffix
}

func isTombstone(name string) bool {
	id, begins := strings.CutPrefix(name, tombstonePrefix)
	id, ends := strings.CutSuffix(id, tombstoneSuffix)
	return begins && ends && checkID(execution.ID(id)) == nil
}

// sweep finishes deletions, and removes files that were never finished.
func (s *Store) sweep() error {
	entries, err := fs.ReadDir(s.files, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case isTombstone(name):
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
	return s.mendLatest()
}

func (s *Store) sweepTemps(dir string) error {
	entries, err := fs.ReadDir(s.files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the leader dropped it meanwhile
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

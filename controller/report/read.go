package report

import (
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

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

// read reads a regular file, and not a link.
func (s *Store) read(name string) ([]byte, error) {
	info, err := fs.Lstat(s.files, name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	return fs.ReadFile(s.files, name)
}

func (s *Store) has(key execution.Key, name string) bool {
	info, err := fs.Lstat(s.files, path.Join(string(key.Execution), name))
	return err == nil && info.Mode().IsRegular()
}

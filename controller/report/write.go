package report

import (
	"crypto/rand"
	"io"
	"path"
)

const tempPrefix = ".tmp-"

func tempName(dir string) string { return path.Join(dir, tempPrefix+rand.Text()) }

// content writes a file's content.
type content func(io.Writer) error

func text(body []byte) content {
	return func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	}
}

// naming renames a temporary file. The temporary name is gone afterwards, even on an
// error.
type naming func(temp, name string) error

// fill writes and syncs a new file, or removes it.
func (s *Store) fill(f File, name string, write content) error {
	err := blaming(write, f)
	if err == nil {
		err = f.Sync() // never retried: after an error, the next fsync would succeed without having written
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		s.discard(name)
	}
	return err
}

// replace renames a temporary file.
func (s *Store) replace(temp, name string) error {
	err := s.disk.Rename(temp, name)
	if err != nil {
		s.discard(temp)
	}
	return err
}

// discard removes a file after another error. If that fails, the file is deleted with
// its execution.
func (s *Store) discard(name string) { _ = s.disk.Remove(name) }

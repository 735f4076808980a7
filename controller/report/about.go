package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// aboutName is the file that says what an execution is. No node has a name that begins
	// with a dot.
	aboutName = ".about.json"
	// maxAbout bounds what is read of it. Gauges with their help are the largest part: a
	// configuration has at most about a mebibyte.
	maxAbout = 8 << 20
)

// About returns what an execution is. The error wraps fs.ErrNotExist if it began before
// that was stored: it is one of the definition of the ConfigMap, over all nodes.
func (s *Store) About(id execution.ID) (execution.About, error) {
	err := checkID(id)
	var body []byte
	if err == nil {
		body, err = s.readAbout(id)
	}
	var about execution.About
	if err == nil {
		about, err = execution.ParseAbout(body)
	}
	if err != nil {
		return execution.About{}, fmt.Errorf("%s of report %s: %w", aboutName, id, err)
	}
	return about, nil
}

func (s *Store) readAbout(id execution.ID) ([]byte, error) {
	name := path.Join(string(id), aboutName)
	info, err := fs.Lstat(s.files, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	f, err := s.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(f, maxAbout+1))
	if err == nil && len(body) > maxAbout {
		err = fmt.Errorf("has more than %d bytes", maxAbout)
	}
	return body, err
}

// saveAbout stores what an execution is, unless the same is stored. It is durable when the
// directory is.
func (s *Store) saveAbout(id execution.ID, about execution.About) error {
	body, err := json.Marshal(about)
	if err != nil {
		return err
	}
	body = append(body, '\n')
	if stored, err := s.readAbout(id); err == nil && bytes.Equal(stored, body) {
		return nil
	}
	temp := tempName(string(id))
	f, err := s.disk.Create(temp)
	if err != nil {
		return err
	}
	if err := s.fill(f, temp, text(body)); err != nil {
		return err
	}
	return s.replace(temp, path.Join(string(id), aboutName))
}

// isWhole reports whether latest may point to an execution. The caller holds s.layout.
func (s *Store) isWhole(id execution.ID) bool {
	if begun, ok := s.begun[id]; ok {
		return begun.about.Latest
	}
	if whole, known := s.whole[id]; known {
		return whole
	}
	about, err := s.About(id)
	if err != nil { // what is damaged, or has just begun, may be an execution over some nodes
		return errors.Is(err, fs.ErrNotExist) && s.hasFiles(id)
	}
	s.whole[id] = about.Latest
	return about.Latest
}

// hasFiles reports whether nodes have sent anything in an execution, or it has closed.
func (s *Store) hasFiles(id execution.ID) bool {
	entries, err := fs.ReadDir(s.files, string(id))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") })
}

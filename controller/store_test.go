package controller

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// memoryStore is a Store without a disk, which survives a controller as a disk does.
type memoryStore struct {
	mu      sync.Mutex
	begun   []execution.ID
	abouts  map[execution.ID]execution.About
	claimed string // the claim of the results
	results map[execution.Key][]byte
	files   map[execution.Key]map[string]string
	logs    map[execution.Key]map[string]string
	reports map[execution.ID]execution.Report
	err     error // of every write
}

func newMemoryStore() *memoryStore {
	return &memoryStore{
		results: map[execution.Key][]byte{},
		files:   map[execution.Key]map[string]string{},
		logs:    map[execution.Key]map[string]string{},
		reports: map[execution.ID]execution.Report{},
		abouts:  map[execution.ID]execution.About{},
	}
}

func (s *memoryStore) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *memoryStore) Begin(id execution.ID, about execution.About) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.begun, id) {
		s.begun = append(s.begun, id)
	}
	s.abouts[id] = about
	return s.err
}

func (s *memoryStore) About(id execution.ID) (execution.About, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	about, ok := s.abouts[id]
	if !ok {
		return about, fs.ErrNotExist
	}
	return about, s.err
}

func (s *memoryStore) CreateResult(key execution.Key, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if there, ok := s.results[key]; ok && !bytes.Equal(there, body) {
		return fs.ErrExist
	}
	s.results[key] = body
	return nil
}

func (s *memoryStore) ClaimResults(claim string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.claimed = claim
	}
	return s.err
}

func (s *memoryStore) ReplaceResult(key execution.Key, body []byte, claim string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && (claim == "" || s.claimed != claim) {
		return execution.ErrNotLeader
	}
	if s.err == nil {
		s.results[key] = body
	}
	return s.err
}

func (s *memoryStore) Result(key execution.Key) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results[key], s.err
}

func (s *memoryStore) HasResult(key execution.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.results[key] != nil
}

func (s *memoryStore) SaveFile(key execution.Key, name, _ string, _ []string, body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err = errors.Join(err, s.err); err != nil {
		return "", err
	}
	put(s.files, key, name, string(content))
	return key.Node + "-" + name, nil
}

func (s *memoryStore) FileSize(key execution.Key, name string) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, there := s.files[key][name]
	return int64(len(content)), there && name != ""
}

func (s *memoryStore) Files(id execution.ID, nodes []string) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, node := range nodes {
			for _, content := range s.files[execution.Key{Execution: id, Node: node}] {
				if !yield(node, int64(len(content))) {
					return
				}
			}
		}
	}
}

func (s *memoryStore) SaveLog(key execution.Key, container string, r io.Reader, _ int64) (bool, error) {
	content, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err = errors.Join(err, s.err); err != nil {
		return false, err
	}
	put(s.logs, key, container, string(content))
	return false, nil
}

func put(m map[execution.Key]map[string]string, key execution.Key, name, content string) {
	if m[key] == nil {
		m[key] = map[string]string{}
	}
	m[key][name] = content
}

func (s *memoryStore) HasLog(key execution.Key, container string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.logs[key][container]
	return ok
}

func (s *memoryStore) SaveReport(r execution.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.reports[r.ID] = r
	}
	return s.err
}

func (s *memoryStore) Report(id execution.ID) (execution.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.reports[id]
	if !ok {
		return r, fs.ErrNotExist
	}
	return r, nil
}

func (s *memoryStore) Executions() ([]execution.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.begun), nil
}

func (s *memoryStore) Results(id execution.ID, _ []string) iter.Seq2[string, []byte] {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string][]byte{}
	for key, body := range s.results {
		if key.Execution == id {
			found[key.Node] = body
		}
	}
	return maps.All(found)
}

func (s *memoryStore) Drop(id execution.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = slices.DeleteFunc(s.begun, func(other execution.ID) bool { return other == id })
	delete(s.reports, id)
	maps.DeleteFunc(s.results, func(key execution.Key, _ []byte) bool { return key.Execution == id })
	return nil
}

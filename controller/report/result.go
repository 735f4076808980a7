package report

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SaveResult stores the result of a node, in place of an earlier one.
func (s *Store) SaveResult(key execution.Key, body []byte) error {
	if err := s.save(key.Execution, resultName(key.Node), text(body)); err != nil {
		return fmt.Errorf("result of %s in %s: %w", key.Node, key.Execution, err)
	}
	return nil
}

// Result returns the result of a node, or nil if it has none.
func (s *Store) Result(key execution.Key) ([]byte, error) {
	body, err := s.read(path.Join(string(key.Execution), resultName(key.Node)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("result of %s in %s: %w", key.Node, key.Execution, err)
	}
	return body, nil
}

// read reads a regular file: a link is none.
func (s *Store) read(name string) ([]byte, error) {
	info, err := fs.Lstat(s.files, name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	return fs.ReadFile(s.files, name)
}

// HasResult reports whether the node has a result.
func (s *Store) HasResult(key execution.Key) bool {
	return s.has(key, resultName(key.Node))
}

func (s *Store) has(key execution.Key, name string) bool {
	info, err := fs.Lstat(s.files, path.Join(string(key.Execution), name))
	return err == nil && info.Mode().IsRegular()
}

// Results yields the nodes that have a result, each with it. Without a list
// the nodes are told from the names of the files. What cannot be read is left
// out.
func (s *Store) Results(id execution.ID, nodes []string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		if len(nodes) == 0 {
			nodes = s.guessNodes(id)
		}
		for _, node := range nodes {
			body, err := fs.ReadFile(s.files, path.Join(string(id), resultName(node)))
			if err == nil && !yield(node, body) {
				return
			}
		}
	}
}

// guessNodes tells the nodes from the names of their results. A file x.json of
// node a looks like the result of a node a-x, so that such a name does not
// count beside a result of a.
func (s *Store) guessNodes(id execution.ID) []string {
	entries, err := fs.ReadDir(s.files, string(id))
	if err != nil {
		return nil
	}
	var nodes []string
	for _, entry := range entries {
		node, isJSON := strings.CutSuffix(entry.Name(), resultSuffix)
		if isJSON && entry.Type().IsRegular() && resultName(node) == entry.Name() && isNodeName(node) {
			nodes = append(nodes, node)
		}
	}
	found := map[string]bool{}
	for _, node := range nodes {
		found[node] = true
	}
	return slices.DeleteFunc(nodes, func(node string) bool { return hasOwner(node, found) })
}

// hasOwner reports whether name is one of the nodes and a hyphen, followed by
// more.
func hasOwner(name string, nodes map[string]bool) bool {
	for i, c := range name {
		if c == '-' && nodes[name[:i]] {
			return true
		}
	}
	return false
}

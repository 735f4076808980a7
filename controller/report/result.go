package report

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// CreateResult stores the first result of a node. If the node has a different result, that
// result stays, and the error wraps fs.ErrExist. If it has an equal one, that result is
// durable when CreateResult returns.
func (s *Store) CreateResult(key execution.Key, body []byte) error {
	return s.saveResult(key, body, func(temp, name string) error { return s.nameFirst(temp, name, body) })
}

// ReplaceResult replaces the result of a node if claim is the stored claim. It checks
// the claim last, right before the rename, because writing the file may take long. If
// there is another claim, the error wraps execution.ErrNotLeader.
func (s *Store) ReplaceResult(key execution.Key, body []byte, claim string) error {
	if err := s.checkClaim(claim); err != nil { // before the cost of an fsync
		return fmt.Errorf("result of %s in %s: %w", key.Node, key.Execution, err)
	}
	return s.saveResult(key, body, func(temp, name string) error {
		if err := s.checkClaim(claim); err != nil {
			s.discard(temp)
			return err
		}
		return s.replace(temp, name)
	})
}

func (s *Store) saveResult(key execution.Key, body []byte, naming naming) error {
	if err := s.saveBy(key.Execution, resultName(key.Node), text(body), naming); err != nil {
		return fmt.Errorf("result of %s in %s: %w", key.Node, key.Execution, err)
	}
	return nil
}

// nameFirst gives a file its name unless another file has it. The same file may have
// it: a network file system may execute a request whose response is lost.
func (s *Store) nameFirst(temp, name string, body []byte) error {
	err := s.link(temp, name)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if stored, reading := s.read(name); reading == nil && stored != nil && bytes.Equal(stored, body) {
		return nil
	}
	return &sourceError{err}
}

// link moves a temporary file to a name that must not exist. The file system has to
// check this, because another process may take the name meanwhile.
func (s *Store) link(temp, name string) error {
	err := s.disk.Link(temp, name)
	if hasNoLinks(err) {
		if _, missing := fs.Lstat(s.files, name); missing != nil {
			return s.replace(temp, name)
		}
		err = fs.ErrExist
	}
	if removing := s.disk.Remove(temp); removing != nil {
		s.discard(temp)
		return removing
	}
	return err
}

// hasNoLinks reports whether the file system does not support hard links, as on USB
// sticks and some network shares.
func hasNoLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported)
}

// Result returns the result of a node, or nil if it has none.
func (s *Store) Result(key execution.Key) ([]byte, error) {
	body, err := s.read(path.Join(string(key.Execution), resultName(key.Node)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("result of %s in %s: %w", key.Node, key.Execution, err)
	}
	return body, nil
}

// HasResult reports whether the node has a result.
func (s *Store) HasResult(key execution.Key) bool {
	return s.has(key, resultName(key.Node))
}

// Results yields the nodes with their results. Without a list, the nodes come from the
// names of the files. Unreadable results are omitted.
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

// guessNodes returns the nodes by the names of their results. A file x.json of node a
// looks like the result of a node a-x, so that this name does not count if a has a
// result.
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

// hasOwner reports whether name begins with one of the nodes and a hyphen.
func hasOwner(name string, nodes map[string]bool) bool {
	for i, c := range name {
		if c == '-' && nodes[name[:i]] {
			return true
		}
	}
	return false
}

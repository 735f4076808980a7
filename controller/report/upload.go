package report

import (
	"fmt"
	"io"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SaveFile stores a file of a node, replaces an earlier one of the same name, and
// returns the name under which it is stored. An unsafe name is encoded, or rejected with
// an execution.InvalidError; an empty name is generated. nodes are those of the
// execution: the error wraps execution.ErrNameTaken if the name could be another node's.
//
// The caller bounds the size of body. If reading it fails, nothing is stored and the
// error wraps the reader's error. If too little space is free, it wraps
// execution.ErrNoSpace.
func (s *Store) SaveFile(key execution.Key, name, contentType string, nodes []string, body io.Reader) (stored string, err error) {
	if name == "" {
		name = GeneratedName(contentType)
	} else if name, err = safeName(name); err != nil {
		return "", err
	}
	stored = fileName(key.Node, name)
	if isTaken(stored, key.Node, nodes) {
		return "", fmt.Errorf("%w: %s", execution.ErrNameTaken, stored)
	}
	err = s.save(key.Execution, stored, s.checked(s.currentFilesMinFree(), func(w io.Writer) error {
		_, err := io.Copy(w, body)
		return err
	}))
	if err != nil {
		return "", fmt.Errorf("file %s in %s: %w", stored, key.Execution, err)
	}
	return stored, nil
}

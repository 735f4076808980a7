package report

import (
	"fmt"
	"io"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// SaveFile stores a file that a node sent, in place of its earlier one of the
// same name, and returns the name under which it is stored. A name that is not
// safe is replaced by one that is, or refused with an execution.InvalidError;
// an empty one gets a generated one. Nodes are those of the execution: the
// error wraps execution.ErrNameTaken if the name would be another one's.
//
// How much body has to give is the caller's to bound. If reading it fails,
// nothing is stored and the error wraps the reader's. Once too little
// is free, it wraps execution.ErrNoSpace.
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
	err = s.save(key.Execution, stored, s.sparing(s.filesLeave(), func(w io.Writer) error {
		_, err := io.Copy(w, body)
		return err
	}))
	if err != nil {
		return "", fmt.Errorf("file %s in %s: %w", stored, key.Execution, err)
	}
	return stored, nil
}

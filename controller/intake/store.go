package intake

import (
	"io"
	"iter"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Store keeps what pods send. What its methods took is durable when they return nil.
type Store interface {
	resultStore
	fileStore
	reportStore
}

type resultStore interface {
	// CreateResult stores the first result of a node. If there is one already the
	// error wraps fs.ErrExist, unless it is the same.
	CreateResult(key execution.Key, body []byte) error
	// ClaimResults has results be replaced under this claim only.
	ClaimResults(claim string) error
	// ReplaceResult stores a result in place of an earlier one. The error wraps
	// execution.ErrNotLeader if there is another claim by then.
	ReplaceResult(key execution.Key, body []byte, claim string) error
	HasResult(key execution.Key) bool
	// Result returns the result of a node, or nil if it has none.
	Result(key execution.Key) ([]byte, error)
	// Results yields the stored results of the nodes.
	Results(id execution.ID, nodes []string) iter.Seq2[string, []byte]
}

type fileStore interface {
	// SaveFile stores a file under the node's name. An empty name gets a
	// generated one. Nodes are those of the execution: a name that would be
	// another node's is refused.
	SaveFile(key execution.Key, name, contentType string, nodes []string, body io.Reader) (stored string, err error)
	// FileSize returns the size of the file that one of this name would replace.
	FileSize(key execution.Key, name string) (size int64, there bool)
	// Files yields all files of the nodes, each as its node and its size.
	Files(id execution.ID, nodes []string) iter.Seq2[string, int64]
}

type reportStore interface {
	Executions() ([]execution.ID, error)
	// Report returns fs.ErrNotExist for an execution that has not closed.
	Report(id execution.ID) (execution.Report, error)
	SaveReport(r execution.Report) error
}

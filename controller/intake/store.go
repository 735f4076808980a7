package intake

import (
	"io"
	"iter"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Store stores what pods send. Data is durable when a method returns nil.
type Store interface {
	resultStore
	fileStore
	reportStore
}

type resultStore interface {
	// CreateResult stores the first result of a node. If the node has a different one,
	// the error wraps fs.ErrExist.
	CreateResult(key execution.Key, body []byte) error
	// ClaimResults stores a claim, under which alone results may be replaced.
	ClaimResults(claim string) error
	// ReplaceResult replaces a stored result. The error wraps execution.ErrNotLeader if
	// another claim has replaced this one.
	ReplaceResult(key execution.Key, body []byte, claim string) error
	HasResult(key execution.Key) bool
	// Result returns the result of a node, or nil if it has none.
	Result(key execution.Key) ([]byte, error)
	// Results yields the stored results of the nodes.
	Results(id execution.ID, nodes []string) iter.Seq2[string, []byte]
}

type fileStore interface {
	// SaveFile stores a file under the node's name. An empty name is generated. nodes are
	// the nodes of the execution: a name that could be another node's is rejected.
	SaveFile(key execution.Key, name, contentType string, nodes []string, body io.Reader) (stored string, err error)
	// FileSize returns the size of the file that a file of this name would replace.
	FileSize(key execution.Key, name string) (size int64, exists bool)
	// Files yields the node and the size of each file that the nodes have sent.
	Files(id execution.ID, nodes []string) iter.Seq2[string, int64]
}

type reportStore interface {
	Executions() ([]execution.ID, error)
	// About returns what an execution is. The error wraps fs.ErrNotExist if that was not
	// stored when it began.
	About(id execution.ID) (execution.About, error)
	// Report returns fs.ErrNotExist for an execution that has not closed.
	Report(id execution.ID) (execution.Report, error)
	SaveReport(r execution.Report) error
}

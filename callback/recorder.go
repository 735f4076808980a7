package callback

import (
	"context"
	"io"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Recorder stores callbacks. A method that returns nil guarantees that its data
// survives a crash of this process and a power failure of its node: the pod gets 200
// and does not send the data again.
//
// The context is not canceled when the pod disconnects, because complete data is worth
// keeping: an implementation bounds its own waiting. Its methods are called from many
// goroutines.
//
// The response depends on which error of package execution is wrapped. The text of any
// other error goes to the log only.
type Recorder interface {
	// Result stores the result of a node task. The body has at most Limits.Result
	// bytes, is not validated otherwise, and may be retained. Result returns the number
	// of redacted credentials.
	Result(ctx context.Context, key execution.Key, body []byte) (redacted int, err error)

	// File stores a file and returns the name under which it is stored. An empty name
	// means that the pod gave none. Any other name is not validated, and may contain
	// separators. The content type has no parameters; empty: unknown.
	//
	// File reads the body to its end, and not after it has returned. If the body returns
	// an error other than io.EOF, File must not keep any part of the file.
	File(ctx context.Context, key execution.Key, name, contentType string, body io.Reader) (stored string, err error)

	// Event creates an event. Its fields are validated.
	Event(ctx context.Context, key execution.Key, e execution.Event) error
}

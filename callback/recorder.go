package callback

import (
	"context"
	"io"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Recorder keeps what pods hand in. A method that returns nil guarantees that
// what it was given survives the death of this process and of its node's
// power: the pod is told so, and will not send it again.
//
// The context is not cancelled when the pod hangs up, because what was received
// whole is worth keeping: an implementation bounds its own waiting. Its
// methods are called from many goroutines.
//
// Errors are answered by what they wrap, see the errors of package execution
// and execution.InvalidError. The text of any other error stays in the log.
type Recorder interface {
	// Result keeps the result of a node task. The body is at most
	// Limits.Result bytes long and otherwise unchecked, and may be kept. It
	// returns how many credentials of callbacks were covered in what is kept.
	Result(ctx context.Context, key execution.Key, body []byte) (redacted int, err error)

	// File keeps a file and returns the name under which it is stored. An
	// empty name means that the pod gave none; any other is unchecked and may
	// hold separators. The content type has no parameters, and is empty when
	// it is not known.
	//
	// File reads the body to its end, and not after it has returned. An error
	// of the body other than io.EOF means that the rest will not come: nothing
	// of the file may be kept then.
	File(ctx context.Context, key execution.Key, name, contentType string, body io.Reader) (stored string, err error)

	// Event passes an event on. Its fields are checked.
	Event(ctx context.Context, key execution.Key, e execution.Event) error
}

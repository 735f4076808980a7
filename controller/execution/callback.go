package execution

import "errors"

// Why a callback is not taken. The callback server turns each into a status.
var (
	ErrUnknownExecution = errors.New("no such execution")
	ErrUnknownNode      = errors.New("the node is not part of the execution")
	ErrEnded            = errors.New("the node task has ended")
	ErrNotLeader        = errors.New("this replica is not the leader")
	ErrTooLarge         = errors.New("the body is too large")
	ErrNameTaken        = errors.New("the file name belongs to another node or is reserved")
	ErrNoSpace          = errors.New("the report directory is full")
	ErrUnavailable      = errors.New("temporarily unavailable")
)

// InvalidError says what is wrong with what a pod sent. It is shown to the pod.
type InvalidError struct {
	Path    string // where, such as test[3].labels.x; empty when the whole is meant
	Message string // what, and what would be right
}

func (e *InvalidError) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// Event is a Kubernetes Event that a pod asks for, checked and with its
// message complete.
type Event struct {
	Warning bool
	Reason  string
	Message string
}

package execution

import "errors"

// Why a callback is not taken. The callback server turns each into a status.
var (
	ErrUnknownExecution = errors.New("no such execution")
	ErrUnknownNode      = errors.New("the node is not part of the execution")
	ErrEnded            = errors.New("the node task has ended")
	ErrNotLeader        = errors.New("this replica is not the leader")
	ErrNoAnswer         = errors.New("the API server does not answer")
	ErrTooLarge         = errors.New("the body is too large")
	ErrTooMany          = errors.New("too many requests") // for now: some may come later
	ErrUsedUp           = errors.New("no more in this execution")
	ErrNameTaken        = errors.New("the file name belongs to another node or is reserved")
	ErrNoSpace          = errors.New("the report directory is full")
	ErrUnavailable      = errors.New("temporarily unavailable")
	ErrUnauthenticated  = errors.New("the callback token is missing or wrong")
	ErrOtherTask        = errors.New("the callback token is that of another node task")
)

// DenyReason is why a credential is not good enough. A pod is not told which it
// was; people see it in a metric and in the log.
type DenyReason string

// The reasons.
const (
	DeniedMissing      DenyReason = "missing"
	DeniedMalformed    DenyReason = "malformed"
	DeniedSeveral      DenyReason = "several" // two that differ
	DeniedUnknownKey   DenyReason = "unknown_key"
	DeniedWrong        DenyReason = "wrong"
	DeniedOtherTask    DenyReason = "other_task"
	DeniedUnbound      DenyReason = "unbound"       // a service account token that no pod is bound to
	DeniedForeignPod   DenyReason = "foreign_pod"   // one of a pod that is not that of a node task
	DeniedForeignToken DenyReason = "foreign_token" // one of another issuer, or for another audience
	DeniedTooMany      DenyReason = "too_many"      // one of an address from which too many were no good
)

// DenyReasons returns them all.
func DenyReasons() []DenyReason {
	return []DenyReason{
		DeniedMissing, DeniedMalformed, DeniedSeveral, DeniedUnknownKey, DeniedWrong, DeniedOtherTask, DeniedUnbound, DeniedForeignPod,
		DeniedForeignToken, DeniedTooMany,
	}
}

// DeniedError is that a request does not prove whom it comes from, or that it
// proves to come from another node task than it speaks for.
type DeniedError struct{ Reason DenyReason }

// Deny returns the error for a reason.
func Deny(reason DenyReason) error { return &DeniedError{Reason: reason} }

func (e *DeniedError) Error() string { return e.Unwrap().Error() + ": " + string(e.Reason) }

// Unwrap returns ErrUnauthenticated, ErrOtherTask or ErrTooMany.
func (e *DeniedError) Unwrap() error {
	switch e.Reason {
	case DeniedOtherTask:
		return ErrOtherTask
	case DeniedTooMany:
		return ErrTooMany
	default:
		return ErrUnauthenticated
	}
}

// CallbackAuth is how a job pod proves whom it reports for.
type CallbackAuth string

// The ways to prove it.
const (
	TokenAuth               CallbackAuth = "token"               // a token of the node task, from a Secret
	ServiceAccountTokenAuth CallbackAuth = "serviceAccountToken" // the pod's own, which the API server reviews
	NoAuth                  CallbackAuth = "none"                // not at all
)

// InvalidError says what is wrong with what a pod sent. It is shown to the pod.
type InvalidError struct {
	Path    string // where, such as test[3].labels.x; empty when the whole is meant
	Message string // what, and what would be right
	Limit   Limit  // that it is over; empty: none
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
	Action  string // what was done, or what failed; empty: it does not say
	Message string
}

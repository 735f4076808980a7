package execution

import "errors"

// Why a callback is rejected. The callback server maps each to an HTTP status.
var (
	ErrUnknownExecution = errors.New("no such execution")
	ErrUnknownNode      = errors.New("the node is not part of the execution")
	ErrEnded            = errors.New("the node task has ended")
	ErrNotLeader        = errors.New("this replica is not the leader")
	ErrNoAnswer         = errors.New("the API server does not respond")
	ErrTooLarge         = errors.New("the body is too large")
	ErrTooMany          = errors.New("too many requests") // a retry may succeed
	ErrUsedUp           = errors.New("limit reached")
	ErrNameTaken        = errors.New("the file name belongs to another node or is reserved")
	ErrNoSpace          = errors.New("the report directory is full")
	ErrUnavailable      = errors.New("temporarily unavailable")
	ErrUnauthenticated  = errors.New("the callback token is missing or wrong")
	ErrOtherTask        = errors.New("the callback token belongs to another node task")
)

// DenyReason is why a credential was denied. It appears in a metric and in the
// log, and not in the response to the pod.
type DenyReason string

// The reasons.
const (
	DeniedMissing      DenyReason = "missing"
	DeniedMalformed    DenyReason = "malformed"
	DeniedSeveral      DenyReason = "several" // two different credentials
	DeniedUnknownKey   DenyReason = "unknown_key"
	DeniedWrong        DenyReason = "wrong"
	DeniedOtherTask    DenyReason = "other_task"
	DeniedUnbound      DenyReason = "unbound"       // a service account token that no pod is bound to
	DeniedForeignPod   DenyReason = "foreign_pod"   // a token of a pod that belongs to no node task
	DeniedForeignToken DenyReason = "foreign_token" // a token of another issuer, or for another audience
	DeniedTooMany      DenyReason = "too_many"      // from an address that sent too many invalid credentials
)

// DenyReasons returns all reasons.
func DenyReasons() []DenyReason {
	return []DenyReason{
		DeniedMissing, DeniedMalformed, DeniedSeveral, DeniedUnknownKey, DeniedWrong, DeniedOtherTask, DeniedUnbound, DeniedForeignPod,
		DeniedForeignToken, DeniedTooMany,
	}
}

// DeniedError says that a request is not authenticated, or that its credential
// belongs to another node task than the one in its path.
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

// CallbackAuth is how a job pod authenticates.
type CallbackAuth string

// The authentication modes.
const (
	TokenAuth               CallbackAuth = "token"               // a token of the node task, from a Secret
	ServiceAccountTokenAuth CallbackAuth = "serviceAccountToken" // the pod's service account token, which the API server reviews
	NoAuth                  CallbackAuth = "none"
)

// InvalidError says what is wrong with a callback's body. The response contains
// it.
type InvalidError struct {
	Path    string // the field, such as test[3].labels.x; empty: the whole body
	Message string // what is wrong, and what would be right
	Limit   Limit  // the exceeded limit; empty: none
}

func (e *InvalidError) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// Event is a Kubernetes Event that a pod asks for, validated and formatted.
type Event struct {
	Warning bool
	Reason  string
	Action  string // what was done, or what failed; empty: unknown
	Message string
}

package plan

import "fmt"

// RejectReason is why an Execution never opens, in one UpperCamelCase word. The words are
// those of the API: the reasons of its condition Rejected.
type RejectReason string

// The reasons.
const (
	RejectCanceled           RejectReason = "Canceled"
	RejectNotFound           RejectReason = "NodeCronJobNotFound"
	RejectNotAccepted        RejectReason = "NodeCronJobNotAccepted"
	RejectTickHandled        RejectReason = "TickHandled"
	RejectTooLate            RejectReason = "StartingDeadlineExceeded"
	RejectForbidden          RejectReason = "ConcurrencyForbidden"
	RejectReplaced           RejectReason = "Replaced"
	RejectNoNodes            RejectReason = "NoNodes"
	RejectNodesNotFound      RejectReason = "NodesNotFound"
	RejectExecutionNotFound  RejectReason = "ExecutionNotFound"
	RejectExecutionNotClosed RejectReason = "ExecutionNotClosed"
	RejectOtherNodeCronJob   RejectReason = "OtherNodeCronJob"
)

// RejectError says that an Execution cannot be opened, now or later.
type RejectError struct {
	Reason  RejectReason
	Message string // a sentence for people
}

func (e *RejectError) Error() string { return e.Message }

func reject(reason RejectReason, format string, a ...any) *RejectError {
	return &RejectError{Reason: reason, Message: fmt.Sprintf(format, a...)}
}

package plan

// TickMove is what to do about a tick that is due, or about the startup.
type TickMove string

// The moves.
const (
	TickCreate TickMove = "create" // its Execution
	TickSkip   TickMove = "skip"   // it is processed, without an Execution
	TickLater  TickMove = "later"  // decide again once the head of the queue is decided
)

// SkipReason is why a tick is skipped, as in the metric of skipped ticks.
type SkipReason string

// The reasons.
const (
	SkipSuspended     SkipReason = "suspended"
	SkipOpenExecution SkipReason = "open_execution"
)

// TickDecision is what to do about a tick, and why.
type TickDecision struct {
	Do       TickMove
	Reason   SkipReason // for TickSkip
	Announce bool       // for TickSkip: with an event; what a person has suspended needs none
}

// DecideTick decides whether a tick that is due, or runOnStartup, creates an Execution. It
// decides before there is one: with a schedule of a minute and long executions, rejected
// Executions would pile up.
//
// While the head of the queue is being opened or tried again, the tick waits, so that a
// fault costs no tick: the policy applies to what has opened.
func DecideTick(d Door, suspended bool) TickDecision {
	switch {
	case suspended:
		return TickDecision{Do: TickSkip, Reason: SkipSuspended}
	case d.Trying, !d.Accepted:
		return TickDecision{Do: TickLater}
	case d.Open != nil && d.Policy != QueueConcurrent && d.Policy != ReplaceConcurrent:
		return TickDecision{Do: TickSkip, Reason: SkipOpenExecution, Announce: true}
	default:
		return TickDecision{Do: TickCreate}
	}
}

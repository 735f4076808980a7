package plan

import (
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Policy says what happens to an execution that is due while another one of its definition
// is open. Any other value means ForbidConcurrent.
type Policy string

// The policies, in the words of the API.
const (
	ForbidConcurrent  Policy = "Forbid"  // it does not run
	QueueConcurrent   Policy = "Queue"   // it waits
	ReplaceConcurrent Policy = "Replace" // the open one is stopped
)

// unknownPause is how long the NodeCronJob of an Execution may be missing: a client may
// create the Execution before it.
const unknownPause = 10 * time.Second

// Waiting is the Execution at the head of its definition's queue. The Executions behind it
// are not looked at.
type Waiting struct {
	Name       string
	UID        string
	Definition string // the name of its NodeCronJob
	Trigger    execution.Trigger
	Created    time.Time
	Scheduled  time.Time // zero: a person created it, and it is due at once
	Noticed    time.Time // when this process first saw it, by its own clock
	// Queued says that its phase is: if it is one of a tick, the tick was processed for it,
	// though a later one may have been processed since.
	Queued bool
	Cancel Cancel
	// HeldUp is by when the stop of the execution that it replaces takes effect: the stop,
	// the grace period of the pods and StopMargin; or when that execution closed. Its
	// deadline counts from then. Zero: it replaces none.
	HeldUp time.Time
}

// Door is what decides whether an Execution of a definition may be opened.
type Door struct {
	Known        bool // the cache has the NodeCronJob; package door asks the API server before it rejects
	Accepted     bool // a spec of it is in effect
	Policy       Policy
	Deadline     time.Duration // startingDeadline; 0: none
	StartupDelay time.Duration
	Passed       time.Time      // until when ticks are processed
	PassedFor    string         // the UID of the newest Execution whose tick was processed
	Opened       time.Time      // when an execution of the definition last began
	HasEntry     bool           // the Execution has an entry: it was begun, perhaps by an earlier leader
	Open         *OpenExecution // another one with an entry; nil: none
	NewerWaiting int            // how many Executions wait behind it and contend
	Trying       bool           // for DecideTick: the head is being opened, or is tried again after an error
	LastError    error          // why it was not opened at the last try; nil: it was not tried
}

// OpenExecution is an execution with an entry: it is being opened, is open, or has Jobs
// that may still run.
type OpenExecution struct {
	Name   string
	Cancel Cancel
	// Stoppable says that its cancel can be set. One that is damaged or deleted has to be
	// waited for.
	Stoppable bool
}

// Move is what to do about an Execution that waits.
type Move string

// The moves.
const (
	MoveOpen    Move = "open"
	MoveWait    Move = "wait"    // for an event, or until Decision.Until has passed
	MoveReject  Move = "reject"  // and remove its entry, if it has one
	MoveReplace Move = "replace" // stop the open one, and wait
)

// Decision is what to do about an Execution that waits, and why.
type Decision struct {
	Do      Move
	Reason  RejectReason // for MoveReject
	Message string       // for MoveReject: a sentence for people
	Until   time.Time    // for MoveWait and MoveReplace: decide again at this time, even without an event; zero: no need
}

// A rule returns what to do about an Execution, if it is about its case.
type rule func(w Waiting, d Door, now time.Time) (Decision, bool)

// headRules are about the Execution itself. The first that is about its case decides.
var headRules = []rule{ifCanceled, ifUnknown, ifNotAccepted, ifTickHandled, ifTooLate, ifBegun, ifStartupHandled}

// busyRules are about other Executions of the definition. At most one is about a case.
var busyRules = []rule{ifForbidden, ifQueued, ifReplaced, ifReplacing, ifStopping}

// Decide decides what to do about the Execution at the head of a queue. Opening and
// rejecting it are each one compare-and-swap of the same object, so a decision that is late
// has no effect.
func Decide(w Waiting, d Door, now time.Time) Decision {
	return firstOfRules(slices.Concat(headRules, busyRules), w, d, now)
}

func firstOfRules(rules []rule, w Waiting, d Door, now time.Time) Decision {
	for _, rule := range rules {
		if decision, ok := rule(w, d, now); ok {
			return decision
		}
	}
	return Decision{Do: MoveOpen}
}

// Contends reports whether an Execution that waits behind another one may still open: nothing
// that is known of it alone rejects it.
func Contends(w Waiting, d Door, now time.Time) bool {
	return firstOfRules(headRules, w, d, now).Do != MoveReject
}

// Due returns since when the Execution could have been opened: startingDeadline counts from
// then.
func (w Waiting) Due() time.Time {
	due := w.Created
	for _, at := range []time.Time{w.Scheduled, w.HeldUp} {
		if at.After(due) {
			due = at
		}
	}
	return due
}

// deadline returns the last moment at which the Execution may be opened; zero: there is none.
func (d Door) deadline(w Waiting) time.Time {
	if d.Deadline <= 0 {
		return time.Time{}
	}
	return w.Due().Add(d.Deadline)
}

// expired reports whether the deadline has passed.
func (d Door) expired(w Waiting, now time.Time) bool {
	deadline := d.deadline(w)
	return !deadline.IsZero() && now.After(deadline)
}

// untilLate waits until the deadline has passed.
func (d Door) untilLate(do Move, w Waiting) (Decision, bool) {
	decision := Decision{Do: do}
	if deadline := d.deadline(w); !deadline.IsZero() {
		decision.Until = deadline.Add(time.Nanosecond) // at the deadline itself it may still open
	}
	return decision, true
}

func rejected(reason RejectReason, format string, a ...any) (Decision, bool) {
	err := reject(reason, format, a...)
	return Decision{Do: MoveReject, Reason: err.Reason, Message: err.Message}, true
}

func ifCanceled(w Waiting, _ Door, _ time.Time) (Decision, bool) {
	if w.Cancel == NotCanceled {
		return Decision{}, false
	}
	return rejected(RejectCanceled, "it was canceled before it opened")
}

func ifUnknown(w Waiting, d Door, now time.Time) (Decision, bool) {
	switch until := w.Noticed.Add(unknownPause); {
	case d.Known:
		return Decision{}, false
	case now.Before(until):
		return Decision{Do: MoveWait, Until: until}, true
	default:
		return rejected(RejectNotFound, "there is no NodeCronJob %s", w.Definition)
	}
}

func ifNotAccepted(w Waiting, d Door, now time.Time) (Decision, bool) {
	switch {
	case d.Accepted:
		return Decision{}, false
	case !d.expired(w, now):
		return d.untilLate(MoveWait, w)
	default:
		return rejected(RejectNotAccepted, "no spec of NodeCronJob %s was accepted within %s: see its condition Accepted", w.Definition, d.Deadline)
	}
}

// maxSkew bounds how far the clock of an earlier leader may be ahead: a tick whose Execution
// it has created waits until it has come by this clock, too. It is shorter than the shortest
// period of a schedule.
const maxSkew = 30 * time.Second

// ifTickHandled rejects the Execution of a tick that has not come, or that was handled: a
// leader that did not know of that may have created the Execution again, or a client may
// have created it.
func ifTickHandled(w Waiting, d Door, now time.Time) (Decision, bool) {
	at := w.Scheduled.UTC().Format(time.RFC3339)
	switch {
	case w.Trigger != execution.Cron:
		return Decision{}, false
	case w.Scheduled.After(now) && !w.Scheduled.After(now.Add(maxSkew)):
		return Decision{Do: MoveWait, Until: w.Scheduled}, true
	case w.Scheduled.After(now):
		return rejected(RejectTickHandled, "the tick of %s has not come: only the controller may create its Execution", at)
	case !w.Scheduled.After(d.Passed) && w.UID != d.PassedFor && !w.Queued:
		return rejected(RejectTickHandled, "the tick of %s was handled before: ticks until %s were", at, d.Passed.UTC().Format(time.RFC3339))
	default:
		return Decision{}, false
	}
}

func ifTooLate(w Waiting, d Door, now time.Time) (Decision, bool) {
	if !d.expired(w, now) {
		return Decision{}, false
	}
	decision, _ := rejected(RejectTooLate, "it could not be opened within startingDeadline, %s after %s", d.Deadline, w.Due().UTC().Format(time.RFC3339))
	switch {
	case d.LastError != nil:
		decision.Message += ": " + d.LastError.Error()
	case d.Open != nil:
		decision.Message += ": execution " + d.Open.Name + " has not ended"
	}
	return decision, true
}

func ifBegun(_ Waiting, d Door, _ time.Time) (Decision, bool) {
	return Decision{Do: MoveOpen}, d.HasEntry
}

// ifStartupHandled rejects the Execution of runOnStartup if another one began since the
// process started, so that replicas that start together run one execution.
func ifStartupHandled(w Waiting, d Door, _ time.Time) (Decision, bool) {
	if w.Trigger != execution.Startup || d.Opened.IsZero() || d.Opened.Before(w.Scheduled.Add(-d.StartupDelay)) {
		return Decision{}, false
	}
	return rejected(RejectTickHandled, "an execution began at %s, after the controller had started", d.Opened.UTC().Format(time.RFC3339))
}

func ifForbidden(_ Waiting, d Door, _ time.Time) (Decision, bool) {
	if d.Open == nil || d.Policy == QueueConcurrent || d.Policy == ReplaceConcurrent {
		return Decision{}, false
	}
	return rejected(RejectForbidden, "execution %s has not ended, and concurrencyPolicy is Forbid", d.Open.Name)
}

func ifQueued(w Waiting, d Door, _ time.Time) (Decision, bool) {
	if d.Open == nil || d.Policy != QueueConcurrent {
		return Decision{}, false
	}
	return d.untilLate(MoveWait, w)
}

func ifReplaced(_ Waiting, d Door, _ time.Time) (Decision, bool) {
	if d.Policy != ReplaceConcurrent || d.NewerWaiting == 0 {
		return Decision{}, false
	}
	return rejected(RejectReplaced, "a later Execution was created, and concurrencyPolicy is Replace")
}

func ifReplacing(w Waiting, d Door, _ time.Time) (Decision, bool) {
	if !d.replaces() || !d.Open.Stoppable || d.Open.Cancel == CancelStop {
		return Decision{}, false
	}
	return d.untilLate(MoveReplace, w)
}

func ifStopping(w Waiting, d Door, _ time.Time) (Decision, bool) {
	if !d.replaces() || (d.Open.Stoppable && d.Open.Cancel != CancelStop) {
		return Decision{}, false
	}
	return d.untilLate(MoveWait, w)
}

// replaces reports whether the Execution takes the place of the open one.
func (d Door) replaces() bool {
	return d.Open != nil && d.Policy == ReplaceConcurrent && d.NewerWaiting == 0
}

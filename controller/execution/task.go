package execution

import "time"

// Key names a node task: one node's share of one execution.
type Key struct {
	Execution ID
	Node      string
}

// State is how far a node task has come.
type State string

// The states of a node task. Succeeded, Failed, Skipped and Lost are final.
const (
	Pending   State = "pending"   // waits for a slot of the pool, or for its pod to start
	Running   State = "running"   // its pod has started
	Succeeded State = "succeeded" // its pod ended well
	Failed    State = "failed"    // its pod ended badly, or could not be run
	Skipped   State = "skipped"   // it was never run
	Lost      State = "lost"      // it ran, or may have run, and nobody knows how it ended
)

// Final reports whether a node task in this state has ended.
func (s State) Final() bool {
	switch s {
	case Succeeded, Failed, Skipped, Lost:
		return true
	default:
		return false
	}
}

// Reason says in one UpperCamelCase word why a node task ended as it did.
// Besides those below it may be any reason a pod states of itself, such as
// ImagePullBackOff, OOMKilled or Evicted, or that others state of it, such as
// EvictionByEvictionAPI.
type Reason string

// Reasons the controller finds itself.
const (
	NodeNotReady      Reason = "NodeNotReady"      // skipped: the node was not ready at the tick
	NodeUnschedulable Reason = "NodeUnschedulable" // skipped: the node was cordoned at the tick
	NodeLeaving       Reason = "NodeLeaving"       // skipped: a taint said that the node is about to be drained, deleted or switched off
	NodeUninitialized Reason = "NodeUninitialized" // skipped: a taint said that something which pods need is not on the node yet
	NodeVirtual       Reason = "NodeVirtual"       // skipped: the node is no machine, by its taint or label
	NodeTainted       Reason = "NodeTainted"       // skipped: the node had a NoExecute taint
	NodeGone          Reason = "NodeGone"          // skipped or lost: the node was deleted
	JobDeleted        Reason = "JobDeleted"        // lost: somebody deleted the Job
	PodDeleted        Reason = "PodDeleted"        // lost, or failed if it was seen to end: somebody deleted the pod
	ForeignJob        Reason = "ForeignJob"        // failed: a Job of that name belongs to somebody else
	JobInvalid        Reason = "JobInvalid"        // failed: the API server refuses the rendered Job
	JobRefused        Reason = "JobRefused"        // failed: quota, a webhook or RBAC refused the Job until startDeadline
	PodNotCreated     Reason = "PodNotCreated"     // failed: no pod appeared within startDeadline
	PodNotStarted     Reason = "PodNotStarted"     // failed: not every container started within startDeadline, and the pod says not why
	NodeBusy          Reason = "NodeBusy"          // failed: a pod of an earlier execution ran on the node until startDeadline
	JobTimeout        Reason = "JobTimeout"        // failed: the pod ran longer than jobTimeout
	ContainerFailed   Reason = "ContainerFailed"   // failed: a container ended with another status than 0
)

// Outcome is how a node task ended.
type Outcome struct {
	State  State
	Reason Reason // empty when it succeeded
}

// Task is a node task as it stands. Its Outcome's State is Pending or Running
// until it ends.
type Task struct {
	Index    int
	Node     Node
	Outcome  Outcome
	Message  string    // what the pod or the API server said, for people; at most MaxMessage bytes
	Started  time.Time // when the first container of its template started; zero if none did
	Finished time.Time // zero while it is not final
	Reported bool      // a result was received
	Heard    bool      // a result, a file or an event was received; an event is forgotten when the leader changes
	// ResultOptional is that the task may succeed without a result.
	ResultOptional bool
}

// MaxMessage bounds what is kept of a foreign message, in bytes.
const MaxMessage = 512

// Duration returns how long the task's pod ran, or 0 when that is not known.
func (t Task) Duration() time.Duration {
	if t.Started.IsZero() || t.Finished.Before(t.Started) {
		return 0
	}
	return t.Finished.Sub(t.Started)
}

// Truncate cuts foreign text to at most n bytes, on the border of a rune.
func Truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	ellipsis := "…"
	if n < len(ellipsis) {
		ellipsis = ""
	}
	cut := max(n-len(ellipsis), 0)
	for cut > 0 && !isRuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + ellipsis
}

func isRuneStart(b byte) bool { return b&0xC0 != 0x80 }

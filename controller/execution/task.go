package execution

import "time"

// Key names a node task: one node's share of one execution.
type Key struct {
	Execution ID
	Node      string
}

// State is the state of a node task.
type State string

// The states of a node task. All but Pending and Running are final.
const (
	Pending   State = "pending"   // waits for a slot, or for its pod to start
	Running   State = "running"   // its pod has started
	Succeeded State = "succeeded" // its pod succeeded
	Failed    State = "failed"    // its pod failed, or could not run
	Skipped   State = "skipped"   // it did not run
	Lost      State = "lost"      // it may have run, and its outcome is unknown
	Canceled  State = "canceled"  // it did not run to its end, because its execution was canceled
)

// Final reports whether a node task in this state has ended.
func (s State) Final() bool {
	switch s {
	case Succeeded, Failed, Skipped, Lost, Canceled:
		return true
	default:
		return false
	}
}

// Reason says in one UpperCamelCase word why a node task ended as it did. Besides
// the reasons below, it may be a reason from the pod's status, such as
// ImagePullBackOff, OOMKilled, Evicted or EvictionByEvictionAPI.
type Reason string

// The controller's own reasons. Each is also in metrics.knownOutcomes, and in
// docs/configuration.md (skipped), docs/glossary.md (canceled) or docs/runbooks.md.
const (
	NodeNotReady      Reason = "NodeNotReady"      // skipped: the node was not ready when the execution opened
	NodeUnschedulable Reason = "NodeUnschedulable" // skipped: the node was cordoned when the execution opened
	NodeLeaving       Reason = "NodeLeaving"       // skipped: a taint announced that the node will be drained, deleted or shut down
	NodeUninitialized Reason = "NodeUninitialized" // skipped: a taint said that a component which pods need was not on the node yet
	NodeVirtual       Reason = "NodeVirtual"       // skipped: the node is virtual, by its taint or label
	NodeTainted       Reason = "NodeTainted"       // skipped: the node had a NoExecute taint
	NodeGone          Reason = "NodeGone"          // skipped or lost: the node was deleted
	JobDeleted        Reason = "JobDeleted"        // lost: a client deleted the Job
	PodDeleted        Reason = "PodDeleted"        // lost, or failed if its end was observed: a client deleted the pod
	ForeignJob        Reason = "ForeignJob"        // failed: the Job's name is taken by a Job that is not of this execution
	JobInvalid        Reason = "JobInvalid"        // failed: the API server rejected the Job as invalid
	JobRefused        Reason = "JobRefused"        // failed: quota, a webhook or RBAC rejected the Job until startDeadline: plan.AfterRejection
	PodNotCreated     Reason = "PodNotCreated"     // failed: no pod was created within startDeadline: plan.Progress.WhyNotStarted
	PodNotStarted     Reason = "PodNotStarted"     // failed: not every container started within startDeadline, and the pod has no reason
	NodeBusy          Reason = "NodeBusy"          // failed: a pod of an earlier execution ran on the node until startDeadline
	JobTimeout        Reason = "JobTimeout"        // failed: the pod ran longer than jobTimeout: plan.podContainers.failure
	ContainerFailed   Reason = "ContainerFailed"   // failed: a container exited with a code other than 0
	NotStarted        Reason = "NotStarted"        // canceled: before its pod had started
	Stopped           Reason = "Stopped"           // canceled: while its pod ran, which was stopped
)

// Outcome is how a node task ended.
type Outcome struct {
	State  State
	Reason Reason // empty when it succeeded
}

// Task is the current state of a node task. Its Outcome's State is Pending or
// Running until it ends.
type Task struct {
	Index    int
	Node     Node
	Outcome  Outcome
	Message  string    // from the pod or the API server; at most MaxMessage bytes
	Started  time.Time // when the first container of its template started; zero: none did
	Finished time.Time // zero until it has ended
	Reported bool      // a result was received
	Heard    bool      // a result, a file or an event was received; a new leader does not know of events
	// ResultOptional says that the task may succeed without a result.
	ResultOptional bool
}

// MaxMessage bounds a stored message, in bytes.
const MaxMessage = 512

// Duration returns how long the task's pod ran; 0: unknown.
func (t Task) Duration() time.Duration {
	if t.Started.IsZero() || t.Finished.Before(t.Started) {
		return 0
	}
	return t.Finished.Sub(t.Started)
}

// Truncate cuts a text to at most n bytes, at the boundary of a rune.
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

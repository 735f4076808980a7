package v1alpha1

// The conditions of a NodeCronJob.
const (
	// ConditionAccepted is True if the spec is valid and in effect. Otherwise the message
	// lists all problems, each with its field, and the last accepted spec stays in effect.
	ConditionAccepted = "Accepted"
	// ConditionReady is True if the next tick will start an execution, or would if the
	// NodeCronJob were not suspended.
	ConditionReady = "Ready"
	// ConditionHealthy is True if no node was bad in the last execution over all nodes.
	ConditionHealthy = "Healthy"
)

// The reasons of Accepted.
const (
	ReasonValid          = "Valid"          // True
	ReasonInvalid        = "Invalid"        // False: a field is wrong
	ReasonMetricConflict = "MetricConflict" // False: an older NodeCronJob exports a metric of the same name
	ReasonJobInvalid     = "JobInvalid"     // False: the API server does not accept the Job of the template
)

// The reasons of Ready.
const (
	ReasonScheduled   = "Scheduled"   // True: the next tick is in status.nextScheduleTime
	ReasonSuspended   = "Suspended"   // True: spec.suspend skips the ticks
	ReasonNotAccepted = "NotAccepted" // False: no spec has been accepted
)

// The reasons of Healthy.
const (
	ReasonNoBadNodes = "NoBadNodes" // True
	ReasonBadNodes   = "BadNodes"   // False
	ReasonNeverRan   = "NeverRan"   // Unknown: no execution over all nodes has closed
)

// The conditions of an Execution. One that ends has either Complete or Rejected.
const (
	// ConditionComplete is True if the execution has closed and its report is there.
	ConditionComplete = "Complete"
	// ConditionDegraded is True if a node is bad. Its reasons are those of Healthy.
	ConditionDegraded = "Degraded"
	// ConditionRejected is True if the execution never opened, and will not.
	ConditionRejected = "Rejected"
)

// The reasons of Complete.
const (
	ReasonAllEnded = "AllEnded" // True: every node task has ended by itself
	ReasonCanceled = "Canceled" // True: spec.cancel ended it. Also of Rejected, if it had not been opened
	ReasonWaiting  = "Waiting"  // False: it is queued
	ReasonRunning  = "Running"  // False: node tasks are left
	ReasonPaused   = "Paused"   // False: spec.paused starts no further pod
)

// The reasons of Rejected.
const (
	ReasonNodeCronJobNotFound      = "NodeCronJobNotFound"
	ReasonNodeCronJobNotAccepted   = "NodeCronJobNotAccepted"
	ReasonConcurrencyForbidden     = "ConcurrencyForbidden"     // another execution was open, and concurrencyPolicy is Forbid
	ReasonReplaced                 = "Replaced"                 // a later one was created, and concurrencyPolicy is Replace
	ReasonStartingDeadlineExceeded = "StartingDeadlineExceeded" // it could not be opened within startingDeadline
	ReasonTickHandled              = "TickHandled"              // its tick was handled before, or has not come
	ReasonNoNodes                  = "NoNodes"                  // no node is selected
	ReasonNodesNotFound            = "NodesNotFound"            // spec.nodes.names has a node that does not exist or is not selected
	ReasonExecutionNotFound        = "ExecutionNotFound"        // spec.nodes.fromExecution does not exist
	ReasonExecutionNotClosed       = "ExecutionNotClosed"       // spec.nodes.fromExecution has not closed
	ReasonOtherNodeCronJob         = "OtherNodeCronJob"         // spec.nodes.fromExecution is of another NodeCronJob
)

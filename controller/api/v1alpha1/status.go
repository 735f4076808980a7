package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ExecutionStatus is what became of an execution. The controller writes it by
// compare-and-swap.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.executionID) || (has(self.executionID) && self.executionID == oldSelf.executionID)",message="executionID is immutable once set",fieldPath=".executionID"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.openTime) || (has(self.openTime) && self.openTime == oldSelf.openTime)",message="openTime is immutable once set",fieldPath=".openTime"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.plan) || (has(self.plan) && self.plan == oldSelf.plan)",message="plan is immutable once set",fieldPath=".plan"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.phase) || (has(self.phase) && (self.phase == oldSelf.phase || oldSelf.phase == 'Queued' || (oldSelf.phase == 'Open' && self.phase in ['Closing', 'Closed']) || (oldSelf.phase == 'Closing' && self.phase == 'Closed')))",message="phase only goes forward: from Queued to Open, Closing and Closed, or from Queued to Rejected",fieldPath=".phase"
// +kubebuilder:validation:XValidation:rule="!has(self.phase) || !(self.phase in ['Open', 'Closing', 'Closed']) || (has(self.executionID) && has(self.openTime) && has(self.plan) && has(self.account))",message="an execution that has been opened must have executionID, openTime, plan and account"
type ExecutionStatus struct {
	// observedGeneration is the metadata.generation that the status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Complete: the execution has closed, and its report is there; Degraded: a
	// node is bad; Rejected: it never opened, and will not.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// phase is how far the execution is. Queued: it waits to be opened. Open: node tasks are
	// left. Closing: all have ended, no callback is accepted, and the report is being
	// written. Closed: the report is complete. Rejected: it never opened, for the reason in
	// the condition Rejected. Tools should wait for conditions.
	// +optional
	Phase ExecutionPhase `json:"phase,omitempty"`

	// executionID is the scheduled time in UTC as 14 digits, such as 20060102150405, unique
	// within the controller. It is given when the execution opens. Reports, labels, metrics
	// and the variable EXECUTION_ID name the execution by it.
	// +optional
	ExecutionID ExecutionID `json:"executionID,omitempty"`

	// openTime is when it opened.
	// +optional
	OpenTime *metav1.Time `json:"openTime,omitempty"`

	// closeTime is when it closed, or was rejected.
	// +optional
	CloseTime *metav1.Time `json:"closeTime,omitempty"`

	// duration is how long it has been open, as a duration such as "4m10s": until it closed,
	// or until the status was last written.
	// +optional
	Duration *Duration `json:"duration,omitempty"`

	// counts is its nodes, by the state of their tasks. It is absent until it opens.
	// +optional
	Counts *NodeCounts `json:"counts,omitempty"`

	// podShare is how many node tasks may be admitted and not ended at once, of the
	// controller's maxPods. Each of them may have a pod, so the shares of all open executions
	// never sum to more. It may exceed podPoolSize, which bounds how many pods there are.
	// Absent without maxPods.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	PodShare *int32 `json:"podShare,omitempty"`

	// plan names the objects with what never changes: the ordered nodes, and the settings.
	// +optional
	Plan *Plan `json:"plan,omitempty"`

	// account is which node tasks are admitted, have a Job, and have ended how. It is for
	// the controller: read counts and the report instead.
	// +optional
	Account *Account `json:"account,omitempty"`
}

// ExecutionPhase is how far an execution is.
//
// +kubebuilder:validation:Enum=Queued;Open;Closing;Closed;Rejected
type ExecutionPhase string

// The phases of an execution.
const (
	Queued   ExecutionPhase = "Queued"   // it waits to be opened
	Open     ExecutionPhase = "Open"     // node tasks are left
	Closing  ExecutionPhase = "Closing"  // all have ended, and the report is being written
	Closed   ExecutionPhase = "Closed"   // the report is complete
	Rejected ExecutionPhase = "Rejected" // it never opened, and will not
)

// NodeCounts is the nodes of an execution, by the state of their tasks: ok, bad, pending,
// running, skipped and canceled add up to nodes; failed, lost and unreported to bad.
type NodeCounts struct {
	// nodes is how many nodes were selected.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Nodes int32 `json:"nodes"`

	// ok is how many succeeded, with a result if one is required.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	OK int32 `json:"ok"`

	// bad is how many need attention: failed, lost or unreported.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Bad int32 `json:"bad"`

	// pending is how many wait for a slot, or for their pod to start.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Pending int32 `json:"pending"`

	// running is how many have a pod that runs.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Running int32 `json:"running"`

	// failed is how many failed, or could not run.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Failed int32 `json:"failed"`

	// lost is how many may have run, with unknown outcome.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Lost int32 `json:"lost"`

	// unreported is how many succeeded without the required result. It is known once the
	// execution closes, as results may still arrive.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Unreported int32 `json:"unreported"`

	// skipped is how many did not run because of their node, such as NodeNotReady.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Skipped int32 `json:"skipped"`

	// canceled is how many did not run to their end because the execution was canceled.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	Canceled int32 `json:"canceled"`
}

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Execution is one firing of a NodeCronJob: one node task on each of its nodes. The
// controller creates one for each tick, and people create others. It waits until it is
// opened, gets an ID, runs, and closes with a report. Its Jobs, its plan and its Secrets
// are deleted with it.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=executions,singular=execution,scope=Namespaced,shortName=ncje,categories=batch-job-controller
// +kubebuilder:printcolumn:name="NodeCronJob",type=string,JSONPath=`.spec.nodeCronJobName`,description="The NodeCronJob that it runs"
// +kubebuilder:printcolumn:name="Trigger",type=string,JSONPath=`.spec.trigger`,description="What started it"
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="How far it is"
// +kubebuilder:printcolumn:name="Nodes",type=integer,JSONPath=`.status.counts.nodes`,description="Its nodes"
// +kubebuilder:printcolumn:name="OK",type=integer,JSONPath=`.status.counts.ok`,description="How many of them succeeded"
// +kubebuilder:printcolumn:name="Bad",type=integer,JSONPath=`.status.counts.bad`,description="How many failed, were lost, or sent no result"
// +kubebuilder:printcolumn:name="Running",type=integer,JSONPath=`.status.counts.running`,description="On how many a pod runs"
// +kubebuilder:printcolumn:name="Duration",type=string,JSONPath=`.status.duration`,description="How long it has been open"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Requested By",type=string,priority=1,JSONPath=`.spec.requestedBy`,description="Who asked for it"
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.spec.reason`,description="Why"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || has(self.status)",message="status cannot be removed",fieldPath=".status"
type Execution struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what to run, and on which nodes. Only paused and cancel can be changed.
	// +required
	Spec ExecutionSpec `json:"spec"`

	// status is what became of it. Only the controller writes it.
	// +optional
	Status ExecutionStatus `json:"status,omitempty"`
}

// ExecutionList is a list of Executions.
//
// +kubebuilder:object:root=true
type ExecutionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Execution `json:"items"`
}

// ExecutionSpec is what to run, and on which nodes.
//
// +kubebuilder:validation:XValidation:rule="self.nodeCronJobName == oldSelf.nodeCronJobName",message="nodeCronJobName is immutable: create another Execution",fieldPath=".nodeCronJobName"
// +kubebuilder:validation:XValidation:rule="self.trigger == oldSelf.trigger",message="trigger is immutable: create another Execution",fieldPath=".trigger"
// +kubebuilder:validation:XValidation:rule="has(self.scheduledTime) == has(oldSelf.scheduledTime) && (!has(self.scheduledTime) || self.scheduledTime == oldSelf.scheduledTime)",message="scheduledTime is immutable: create another Execution",fieldPath=".scheduledTime"
// +kubebuilder:validation:XValidation:rule="has(self.reason) == has(oldSelf.reason) && (!has(self.reason) || self.reason == oldSelf.reason)",message="reason is immutable: create another Execution",fieldPath=".reason"
// +kubebuilder:validation:XValidation:rule="has(self.requestedBy) == has(oldSelf.requestedBy) && (!has(self.requestedBy) || self.requestedBy == oldSelf.requestedBy)",message="requestedBy is immutable: create another Execution",fieldPath=".requestedBy"
// +kubebuilder:validation:XValidation:rule="has(self.nodes) == has(oldSelf.nodes) && (!has(self.nodes) || self.nodes == oldSelf.nodes)",message="nodes is immutable: create another Execution",fieldPath=".nodes"
// +kubebuilder:validation:XValidation:rule="has(self.overrides) == has(oldSelf.overrides) && (!has(self.overrides) || self.overrides == oldSelf.overrides)",message="overrides is immutable: create another Execution",fieldPath=".overrides"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.cancel) || (has(self.cancel) && (self.cancel == oldSelf.cancel || self.cancel == 'Stop'))",message="cancel cannot be taken back: it may only be set, and changed from Drain to Stop",fieldPath=".cancel"
// +kubebuilder:validation:XValidation:rule="self.trigger == 'Manual' || has(self.scheduledTime)",message="scheduledTime is required unless trigger is Manual",fieldPath=".scheduledTime"
type ExecutionSpec struct {
	// nodeCronJobName is the NodeCronJob to run, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	NodeCronJobName string `json:"nodeCronJobName"`

	// trigger is what started the execution: a tick of cronExpression (Cron), runOnStartup
	// (Startup), or a person or a program (Manual). Defaults to Manual.
	// +optional
	// +kubebuilder:default=Manual
	Trigger Trigger `json:"trigger,omitempty"`

	// scheduledTime is when the execution was due. It is required unless trigger is Manual;
	// then it defaults to when the Execution was created.
	// +optional
	ScheduledTime *metav1.Time `json:"scheduledTime,omitempty"`

	// reason is why the execution was asked for, for people to read. At most 1024 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// requestedBy is who asked for the execution, as the client that created it says. The
	// API server does not check it: the audit log tells who created the Execution.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	RequestedBy string `json:"requestedBy,omitempty"`

	// nodes narrows the nodes that the NodeCronJob selects. By default all of them take part.
	// +optional
	Nodes *ExecutionNodes `json:"nodes,omitempty"`

	// overrides replaces settings of the NodeCronJob, for this execution.
	// +optional
	Overrides *ExecutionOverrides `json:"overrides,omitempty"`

	// paused creates no further Job until it is false again. The pods of Jobs that exist start,
	// run, and keep their deadlines. For a node without a Job, no deadline passes meanwhile. It
	// can be changed until the execution has closed. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	Paused bool `json:"paused,omitempty"`

	// cancel ends the execution early, with a report. Pending node tasks are canceled, also
	// those whose pod has not started; running ones end by themselves (Drain) or are stopped
	// (Stop). It cannot be taken back, but Drain can be changed to Stop. Unset by default.
	// +optional
	Cancel CancelMode `json:"cancel,omitempty"`
}

// ExecutionOverrides replaces settings of a NodeCronJob. What is absent stays.
//
// +kubebuilder:validation:MinProperties=1
type ExecutionOverrides struct {
	// podPoolSize is how many node tasks may be in flight at once, 1 to 1000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	PodPoolSize *int32 `json:"podPoolSize,omitempty"`

	// startDeadline is the time for a pod to start all of its containers, as a duration from
	// 1s to 1000h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1000h')",message="must be from 1s to 1000h"
	StartDeadline *Duration `json:"startDeadline,omitempty"`

	// jobTimeout is the time for a pod once the kubelet has accepted it, as a duration from
	// 1s to 1000h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1000h')",message="must be from 1s to 1000h"
	JobTimeout *Duration `json:"jobTimeout,omitempty"`
}

// Trigger is what started an execution.
//
// +kubebuilder:validation:Enum=Cron;Startup;Manual
type Trigger string

// The triggers.
const (
	CronTrigger    Trigger = "Cron"    // a tick of cronExpression
	StartupTrigger Trigger = "Startup" // the startup of the controller, with runOnStartup
	ManualTrigger  Trigger = "Manual"  // a person, or a program
)

// CancelMode says what becomes of the running node tasks of a canceled execution. Those
// whose pod has not started are canceled in any case.
//
// +kubebuilder:validation:Enum=Drain;Stop
type CancelMode string

// The modes.
const (
	CancelDrain CancelMode = "Drain" // they end by themselves
	CancelStop  CancelMode = "Stop"  // they are stopped
)

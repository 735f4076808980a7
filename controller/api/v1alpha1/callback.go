package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// Callback is how the pods of a NodeCronJob report. Where they report to, and how they
// prove who they are, is a matter of the controller.
type Callback struct {
	// tokensPerSecret is how many nodes' callback tokens share a Secret, 1 to 1000. The owner
	// of a node can report for the others in its Secret: 1 prevents that, for one more
	// request per node. Defaults to 50.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	TokensPerSecret int32 `json:"tokensPerSecret,omitempty"`

	// limits bounds what the pods of an execution may send.
	// +optional
	// +kubebuilder:default={}
	Limits CallbackLimits `json:"limits,omitempty,omitzero"`
}

// CallbackLimits bounds what the pods of an execution may send. Sizes are in bytes, such as
// 64Ki or 20Gi. What exceeds a limit is rejected, and counted by
// batch_job_controller_callback_limited_total.
type CallbackLimits struct {
	// samplesPerResult is how many values a result may have, 1 to 100000. Defaults to 1000.
	// +optional
	// +kubebuilder:default=1000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	SamplesPerResult int32 `json:"samplesPerResult,omitempty"`

	// labelSets is how many values of one gauge a result may have, 1 to 100000. Defaults to
	// 100.
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	LabelSets int32 `json:"labelSets,omitempty"`

	// labelSize is how many bytes the value of a label may have, 1 to 4Ki. Defaults to 128.
	// +optional
	// +kubebuilder:default="128"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('1')) >= 0 && quantity(string(self)).compareTo(quantity('4Ki')) <= 0",message="must be a size from 1 to 4Ki"
	LabelSize *resource.Quantity `json:"labelSize,omitempty"`

	// filesPerTask is how many files a node may send in an execution, 1 to 100000. A repeated
	// name is the same file. Defaults to 64.
	// +optional
	// +kubebuilder:default=64
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	FilesPerTask int32 `json:"filesPerTask,omitempty"`

	// bytesPerTask is how many bytes all files of a node may have in an execution, 1Ki to
	// 1Ti. Defaults to 128Mi.
	// +optional
	// +kubebuilder:default="128Mi"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('1Ki')) >= 0 && quantity(string(self)).compareTo(quantity('1Ti')) <= 0",message="must be a size from 1Ki to 1Ti"
	BytesPerTask *resource.Quantity `json:"bytesPerTask,omitempty"`

	// resultsPerTask is how many results a node may send in an execution, 1 to 1000000.
	// Defaults to 20.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	ResultsPerTask int32 `json:"resultsPerTask,omitempty"`

	// eventsPerTask is how many events a node may send in an execution, 1 to 1000000.
	// Defaults to 30.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	EventsPerTask int32 `json:"eventsPerTask,omitempty"`

	// eventBurst is how many events a node may send at once, 1 to 1000. Defaults to 10.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	EventBurst int32 `json:"eventBurst,omitempty"`

	// eventInterval is the time between the events of a node after its burst, as a duration
	// from 100ms to 1h. Defaults to 30s.
	// +optional
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('100ms') && duration(self) <= duration('1h')",message="must be from 100ms to 1h"
	EventInterval *Duration `json:"eventInterval,omitempty"`

	// bytesPerExecution is how many bytes all files of an execution may have, 1Ki to 1000Ti.
	// Defaults to 20Gi.
	// +optional
	// +kubebuilder:default="20Gi"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('1Ki')) >= 0 && quantity(string(self)).compareTo(quantity('1000Ti')) <= 0",message="must be a size from 1Ki to 1000Ti"
	BytesPerExecution *resource.Quantity `json:"bytesPerExecution,omitempty"`
}

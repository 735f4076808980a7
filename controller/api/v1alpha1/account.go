package v1alpha1

// Plan names the immutable ConfigMaps with the part of an execution that never changes.
type Plan struct {
	// parts are the ConfigMaps, in the same namespace, in their order. They are written
	// before the execution opens.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Parts []PlanPart `json:"parts"`
}

// PlanPart is a ConfigMap with a part of a plan.
type PlanPart struct {
	// name is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// digest is the SHA-256 of its bytes, as sha256: and 64 hexadecimal digits.
	// +required
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:Pattern=`^sha256:[0-9a-f]{64}$`
	Digest string `json:"digest"`
}

// Account is the part of an execution that changes: which node tasks are admitted, have a
// Job, and have ended how. Node tasks are numbered from 0, in the plan's order.
type Account struct {
	// schema is the version of what the account and the plan mean. A controller that does
	// not know it leaves the execution to a later one.
	// +required
	// +kubebuilder:validation:Minimum=1
	Schema int32 `json:"schema"`

	// admitted tasks may have a Job. A task that is not admitted has none.
	// +optional
	Admitted Indexes `json:"admitted,omitempty"`

	// created tasks have been seen to have a Job. If it is missing, it was deleted, and the
	// task must not run again.
	// +optional
	Created Indexes `json:"created,omitempty"`

	// outcomes is how tasks have ended. It outlives their Jobs.
	// +optional
	// +listType=map
	// +listMapKey=state
	// +listMapKey=reason
	// +kubebuilder:validation:MaxItems=1024
	Outcomes []Outcome `json:"outcomes,omitempty"`

	// unreported tasks succeeded without the required result. It is written when the
	// execution closes.
	// +optional
	Unreported Indexes `json:"unreported,omitempty"`
}

// Outcome is node tasks that have ended in the same way.
type Outcome struct {
	// state is their state. Whether a result came is not part of it: see unreported.
	// +required
	// +kubebuilder:validation:XValidation:rule="self != 'Unreported'",message="must be the state of the task's pod: whether its result came is in account.unreported"
	State FinalState `json:"state"`

	// reason is why, as one UpperCamelCase word; empty if they succeeded.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]*$`
	Reason string `json:"reason"`

	// indexes are their numbers.
	// +required
	Indexes Indexes `json:"indexes"`
}

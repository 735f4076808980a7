package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ExecutionNodes narrows the nodes that a NodeCronJob selects. Exactly one of its fields is
// set. It adds no node: the jobNodeSelector and the template of the NodeCronJob apply too.
//
// +kubebuilder:validation:XValidation:rule="[has(self.names), has(self.selector), has(self.fromExecution)].filter(set, set).size() == 1",message="exactly one of names, selector and fromExecution must be set"
type ExecutionNodes struct {
	// names are the names of nodes, at most 1000. For more, use selector or fromExecution.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1000
	Names []NodeName `json:"names,omitempty"`

	// selector selects nodes by their labels, when the execution opens. It has at most 64
	// labels and 64 expressions, of at most 256 values. An empty one selects all.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.matchLabels) || size(self.matchLabels) <= 64",message="must have at most 64 matchLabels"
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || size(self.matchExpressions) <= 64",message="must have at most 64 matchExpressions"
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, !has(e.values) || size(e.values) <= 256)",message="an expression must have at most 256 values"
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	// fromExecution takes nodes of an earlier execution, by what became of their tasks: to
	// run again on those that were bad.
	// +optional
	FromExecution *FromExecution `json:"fromExecution,omitempty"`
}

// FromExecution selects nodes of an earlier execution.
type FromExecution struct {
	// name is the name of an Execution of the same NodeCronJob that has closed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// states are the states of the node tasks whose nodes take part. Defaults to those that
	// need attention: Failed, Lost, Unreported and, because they were never reached, Canceled.
	// +optional
	// +listType=set
	// +kubebuilder:default={Failed,Lost,Unreported,Canceled}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=6
	States []FinalState `json:"states,omitempty"`
}

// FinalState is the state of a node task that has ended, with its result taken into
// account.
//
// +kubebuilder:validation:Enum=Succeeded;Unreported;Failed;Lost;Skipped;Canceled
type FinalState string

// The final states of node tasks.
const (
	Succeeded  FinalState = "Succeeded"  // its pod succeeded
	Unreported FinalState = "Unreported" // its pod succeeded, and the required result never came
	Failed     FinalState = "Failed"     // its pod failed, or could not run
	Lost       FinalState = "Lost"       // it may have run, and its outcome is unknown
	Skipped    FinalState = "Skipped"    // it did not run, because of its node
	Canceled   FinalState = "Canceled"   // it did not run to its end, because the execution was canceled
)

package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Duration is a length of time such as 10s, 5m or 1h30m. It is that of package metav1,
// which has no schema of its own.
//
// +kubebuilder:validation:Type=string
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
type Duration struct {
	metav1.Duration `json:",inline"`
}

// NewDuration returns a length of time.
func NewDuration(d time.Duration) *Duration { return &Duration{metav1.Duration{Duration: d}} }

// LabelValue is the value of a label.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`
type LabelValue string

// NodeName is the name of a node.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
type NodeName string

// ExecutionID is a scheduled time in UTC, as 14 digits.
//
// +kubebuilder:validation:MaxLength=14
// +kubebuilder:validation:Pattern=`^[0-9]{14}$`
type ExecutionID string

// Indexes is a set of node tasks, in the notation of an Indexed Job's completedIndexes:
// ascending numbers and ranges, such as 0-4,7. The largest number is 1048576.
//
// +kubebuilder:validation:MaxLength=1048576
type Indexes string

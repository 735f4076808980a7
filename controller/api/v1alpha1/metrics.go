package v1alpha1

// Metrics is what the results of pods become.
type Metrics struct {
	// prefix is the first part of the name of each gauge, as in <prefix>_<gauge>. If another
	// NodeCronJob of the controller has the same prefix, the younger one is not accepted.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[a-zA-Z_:][a-zA-Z0-9_:]*$`
	Prefix string `json:"prefix"`

	// gauges are the metrics that results may set, at most 200, by the part of the name
	// behind the prefix: letters, digits, underscores and colons.
	// +optional
	// +kubebuilder:validation:MaxProperties=200
	// +kubebuilder:validation:XValidation:rule="self.all(name, name.matches('^[a-zA-Z0-9_:]+$'))",message="the name of a gauge must consist of letters, digits, underscores and colons"
	// +kubebuilder:validation:XValidation:rule="!('current_execution_id' in self) && !('duration' in self) && !('pods' in self) && !('processing' in self)",message="the controller itself sets the gauges current_execution_id, duration, pods and processing"
	Gauges map[string]Gauge `json:"gauges,omitempty"`
}

// Gauge is a metric that results may set.
type Gauge struct {
	// help is its help text.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Help string `json:"help,omitempty"`

	// labels are its labels, at most 10, besides node and executionID, which every gauge has.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10
	Labels []MetricLabel `json:"labels,omitempty"`
}

// MetricLabel is the name of a label of a metric. Those that begin with two underscores
// belong to Prometheus.
//
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:Pattern=`^(_|_?[a-zA-Z][a-zA-Z0-9_]*|_[0-9][a-zA-Z0-9_]*)$`
type MetricLabel string

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// NodeCronJob is a CronJob for nodes: on each tick of its schedule, an Execution runs one
// Job on each selected node, at most podPoolSize of them at once. Its name is a DNS label,
// because the names of its Jobs and the metrics' label nodecronjob begin with it.
//
// +kubebuilder:object:root=true
// +kubebuilder:storageversion
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=nodecronjobs,singular=nodecronjob,scope=Namespaced,shortName=ncj,categories=batch-job-controller
// +kubebuilder:printcolumn:name="Schedule",type=string,JSONPath=`.spec.cronExpression`,description="When executions start, in spec.timeZone"
// +kubebuilder:printcolumn:name="Suspend",type=boolean,JSONPath=`.spec.suspend`,description="Whether ticks are skipped"
// +kubebuilder:printcolumn:name="Nodes",type=integer,JSONPath=`.status.lastExecution.counts.nodes`,description="Nodes of the last closed execution over all nodes"
// +kubebuilder:printcolumn:name="Bad",type=integer,JSONPath=`.status.lastExecution.counts.bad`,description="How many of them failed, were lost, or sent no result"
// +kubebuilder:printcolumn:name="Last",type=date,JSONPath=`.status.lastScheduleTime`,description="How long ago the last tick was"
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.activeExecution.name`,description="The execution that is open"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",message="metadata.name must be a DNS label: at most 63 characters, without a dot"
type NodeCronJob struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what runs when, and on which nodes. An open Execution keeps the settings
	// with which it was opened.
	// +required
	Spec NodeCronJobSpec `json:"spec"`

	// status is what the controller has observed. Only the controller writes it.
	// +optional
	Status NodeCronJobStatus `json:"status,omitempty"`
}

// NodeCronJobList is a list of NodeCronJobs.
//
// +kubebuilder:object:root=true
type NodeCronJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeCronJob `json:"items"`
}

// NodeCronJobSpec is what runs when, and on which nodes.
//
// +kubebuilder:validation:XValidation:rule="has(self.template) != has(self.podTemplate)",message="exactly one of template and podTemplate must be set"
type NodeCronJobSpec struct {
	// cronExpression says when executions start: five fields, such as "42 3 * * *", or
	// @hourly, @daily, @every 1h; at most once a minute. Its time zone is timeZone.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('TZ=') && !self.startsWith('CRON_TZ=')",message="must not begin with a time zone: set timeZone"
	CronExpression string `json:"cronExpression"`

	// timeZone is the time zone of cronExpression, by its name in the tz database, such as
	// Europe/Zurich. Defaults to UTC.
	// +optional
	// +kubebuilder:default=UTC
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`

	// startingDeadline is how late an execution may open, because no replica was the leader
	// or because another execution was open, as a duration of at most 1000h. Later, its tick
	// is missed, or the Execution is rejected. By default one period of cronExpression, at
	// most 1h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('1000h')",message="must be at most 1000h"
	StartingDeadline *Duration `json:"startingDeadline,omitempty"`

	// suspend skips the ticks of cronExpression, and runOnStartup: a NodeCronJob that is
	// suspended starts nothing by itself. Executions that are open go on, and people can
	// create others. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	Suspend bool `json:"suspend,omitempty"`

	// concurrencyPolicy says what happens to a tick, or to an Execution that is created,
	// while another of this NodeCronJob is open: it does not run (Forbid), it waits (Queue),
	// or it replaces the open one, whose Jobs are stopped (Replace). Defaults to Forbid.
	// +optional
	// +kubebuilder:default=Forbid
	ConcurrencyPolicy ConcurrencyPolicy `json:"concurrencyPolicy,omitempty"`

	// priority says which NodeCronJob gets the pods that are free under the controller's
	// maxPods: that with the highest number; those with the same number take turns. From
	// -1000 to 1000, 0 by default. It is not the priority of the pods: set
	// priorityClassName in the template.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=-1000
	// +kubebuilder:validation:Maximum=1000
	Priority int32 `json:"priority,omitempty"`

	// runOnStartup also starts an execution when the controller starts: one for all replicas
	// that start together. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	RunOnStartup bool `json:"runOnStartup,omitempty"`

	// startupDelay is the delay of the execution of runOnStartup, as a duration, at most
	// 1000h. If it is shorter than the default, 10s, nodes that do not know the callback
	// Service's new endpoint yet may refuse the first callbacks.
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('1000h')",message="must be at most 1000h"
	StartupDelay *Duration `json:"startupDelay,omitempty"`

	// jobNodeSelector is the labels of nodes that take part. By default all nodes do.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	JobNodeSelector map[string]LabelValue `json:"jobNodeSelector,omitempty"`

	// runOnUnscheduledNodes runs on cordoned nodes too: the pods tolerate
	// node.kubernetes.io/unschedulable. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	RunOnUnscheduledNodes bool `json:"runOnUnscheduledNodes,omitempty"`

	// tolerateNoExecute runs on nodes with NoExecute taints too: the pods tolerate them.
	// Defaults to false.
	// +optional
	// +kubebuilder:default=false
	TolerateNoExecute bool `json:"tolerateNoExecute,omitempty"`

	// podPoolSize is how many node tasks of an execution may be in flight at once, 1 to
	// 1000. Defaults to 10.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	PodPoolSize int32 `json:"podPoolSize,omitempty"`

	// startDeadline is the time for a pod to start all of its containers, without its init
	// containers' work, as a duration from 1s to 1000h. Then the node task fails with the
	// pod's reason. Defaults to 10m.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1000h')",message="must be from 1s to 1000h"
	StartDeadline *Duration `json:"startDeadline,omitempty"`

	// jobTimeout is the time for a pod once the kubelet has accepted it, image pulls
	// included, as a duration from 1s to 1000h. It then keeps its slot for up to its
	// terminationGracePeriodSeconds. Defaults to 1h.
	// +optional
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1000h')",message="must be from 1s to 1000h"
	JobTimeout *Duration `json:"jobTimeout,omitempty"`

	// backoffLimit is how often a failed pod is replaced on its node, 0 to 10. With 0, the
	// default, nothing runs twice.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	BackoffLimit int32 `json:"backoffLimit,omitempty"`

	// jobServiceAccount is the service account of the pods. By default it is the template's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	JobServiceAccount string `json:"jobServiceAccount,omitempty"`

	// jobImagePullSecrets is added to the template's imagePullSecrets.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(s, has(s.name) && s.name != '')",message="each must have the name of a Secret"
	JobImagePullSecrets []corev1.LocalObjectReference `json:"jobImagePullSecrets,omitempty"`

	// reportHistory is how many closed executions keep their report, their gauges and their
	// Execution, 1 to 10000. Defaults to 30.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	ReportHistory int32 `json:"reportHistory,omitempty"`

	// jobHistory is how many closed executions keep their Jobs, for kubectl, 1 to 1000.
	// Defaults to 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	JobHistory int32 `json:"jobHistory,omitempty"`

	// savePodLog saves the logs of all containers and init containers, at most 16 MiB each,
	// with the report. Defaults to false.
	// +optional
	// +kubebuilder:default=false
	SavePodLog bool `json:"savePodLog,omitempty"`

	// result says whether a node must send a result: it is bad without one (Expected), or
	// what counts is how its pod ends (Optional). By default a result is expected if
	// metrics.gauges are configured.
	// +optional
	Result ResultPolicy `json:"result,omitempty"`

	// callback is how the pods report.
	// +optional
	// +kubebuilder:default={}
	Callback Callback `json:"callback,omitempty,omitzero"`

	// metrics is what their results become.
	// +required
	Metrics Metrics `json:"metrics"`

	// latestMetricsLabel also exports each node's newest values with the label
	// executionID="latest". Defaults to false.
	// +optional
	// +kubebuilder:default=false
	LatestMetricsLabel bool `json:"latestMetricsLabel,omitempty"`

	// custom is free-form, for extensions of the controller.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Custom *runtime.RawExtension `json:"custom,omitempty"`

	// template is the pod of each node, as in a Job: see `kubectl explain pod.spec`. Nothing
	// in it is templated but variables such as $(NODE_NAME), which the kubelet expands. The
	// controller sets the node affinity, the deadline, the restart policy and the variables
	// of callbacks. Exactly one of template and podTemplate must be set.
	// +optional
	Template *corev1.PodTemplateSpec `json:"template,omitempty"`

	// podTemplate is the pod of each node, as the text of a `kind: Pod` that is a Go
	// template over .Namespace, .ExecutionID and .NodeName. At most 256 KiB. Exactly one of
	// template and podTemplate must be set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	PodTemplate string `json:"podTemplate,omitempty"`
}

// ConcurrencyPolicy says what happens when an execution is due while another one of the
// same NodeCronJob is open.
//
// +kubebuilder:validation:Enum=Forbid;Queue;Replace
type ConcurrencyPolicy string

// The policies.
const (
	ForbidConcurrent  ConcurrencyPolicy = "Forbid"  // the new one does not run
	QueueConcurrent   ConcurrencyPolicy = "Queue"   // the new one waits
	ReplaceConcurrent ConcurrencyPolicy = "Replace" // the open one is stopped
)

// ResultPolicy says whether a node that sends no result is bad.
//
// +kubebuilder:validation:Enum=Expected;Optional
type ResultPolicy string

// The policies. Without one, a result is expected if gauges are configured.
const (
	ResultExpected ResultPolicy = "Expected" // it is
	ResultOptional ResultPolicy = "Optional" // what counts is how its pod ends
)

// NodeCronJobStatus is what the controller has observed.
type NodeCronJobStatus struct {
	// observedGeneration is the metadata.generation that the conditions are about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted: the spec is valid, and the controller uses it; Ready: ticks
	// start executions; Healthy: no node was bad in the last execution over all nodes.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// lastScheduleTime is the last tick that was handled, whether it started an execution or
	// was skipped or missed.
	// +optional
	LastScheduleTime *metav1.Time `json:"lastScheduleTime,omitempty"`

	// nextScheduleTime is the next tick. It is absent while the NodeCronJob is suspended.
	// +optional
	NextScheduleTime *metav1.Time `json:"nextScheduleTime,omitempty"`

	// activeExecution is the execution that is open. There is at most one.
	// +optional
	ActiveExecution *ExecutionReference `json:"activeExecution,omitempty"`

	// lastExecution is the newest closed execution over all nodes. One over some of them,
	// such as a rerun, is not mentioned here.
	// +optional
	LastExecution *LastExecution `json:"lastExecution,omitempty"`
}

// ExecutionReference names an execution.
type ExecutionReference struct {
	// name is the name of the Execution, in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// executionID is its ID: its scheduled time in UTC, as 14 digits.
	// +optional
	ExecutionID ExecutionID `json:"executionID,omitempty"`
}

// LastExecution says how an execution ended.
type LastExecution struct {
	ExecutionReference `json:",inline"`

	// closeTime is when it closed.
	// +required
	CloseTime metav1.Time `json:"closeTime"`

	// counts is its nodes, by how their tasks ended.
	// +required
	Counts NodeCounts `json:"counts"`
}

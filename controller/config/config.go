package config

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// The keys of the ConfigMap.
const (
	ConfigKey      = "config.yaml"
	PodTemplateKey = "pod-template.yaml"
)

// Config is a valid configuration: the settings of the controller, and one definition.
type Config struct {
	Controller
	Definition
	HasDefinition bool   // without one, Definition is zero
	Hash          string // of the two values of the ConfigMap
}

// Controller is what the controller as a whole is built with, or shares between the
// definitions.
type Controller struct {
	Name                string // every object in the cluster begins with it; also the name of the ConfigMap's definition
	ReportDirectory     string
	CallbackServiceName string
	CallbackServicePort int
	Callback            Callback
	Reports             Reports
	MaxPods             int // node tasks of all definitions that may be in flight at once; 0: only the pool of each bounds them
}

// Definition is what runs when, and on which nodes: of the ConfigMap, or of a NodeCronJob.
type Definition struct {
	CronExpression        string // without a time zone prefix: it is in TimeZone
	TimeZone              string
	StartingDeadline      time.Duration // how late an execution may begin; 0: one period, at most an hour
	Suspend               bool          // ticks are skipped
	ConcurrencyPolicy     plan.Policy   // empty: plan.ForbidConcurrent
	Priority              int           // for the pods that are free under a cap over all definitions: the highest is first
	RunOnStartup          bool
	StartupDelay          time.Duration     // before the execution of RunOnStartup
	JobNodeSelector       map[string]string // empty: all nodes
	RunOnUnscheduledNodes bool
	TolerateNoExecute     bool
	PodPoolSize           int
	StartDeadline         time.Duration // for a pod to start all of its containers
	JobTimeout            time.Duration // of a pod, once its kubelet has accepted it
	BackoffLimit          int32
	JobServiceAccount     string // empty: the template's, else "default"
	JobImagePullSecrets   []string
	ReportHistory         int // how many of the newest executions keep report, gauges and record; open ones count (plan.Prune)
	JobHistory            int // how many of the newest closed executions keep their Jobs
	SavePodLog            bool
	Result                ResultPolicy
	TokensPerSecret       int // nodes whose tokens share a Secret
	Intake                Intake
	Metrics               Metrics
	LatestMetricsLabel    bool
	Custom                map[string]any          // for extensions; numbers are int64 or float64
	PodTemplate           string                  // a Go template of a Pod
	Template              *corev1.PodTemplateSpec // instead of PodTemplate; only a NodeCronJob has it. It must not be changed
}

// Metrics are the metrics that results become.
type Metrics struct {
	Prefix string
	Gauges map[string]Gauge // by the part of the name after the prefix
}

// Gauge is a metric that results set.
type Gauge = gauge.Gauge

// Declared returns the gauges, sorted by name, as an execution keeps them and as they are
// exported.
func (m Metrics) Declared() []execution.Gauge {
	var gauges []execution.Gauge
	for _, name := range slices.Sorted(maps.Keys(m.Gauges)) {
		g := m.Gauges[name]
		gauges = append(gauges, execution.Gauge{Name: name, Help: g.Help, Labels: g.Labels})
	}
	return gauges
}

// Callback is how the callback server takes what job pods report.
type Callback struct {
	Auth   execution.CallbackAuth
	Limits Limits
	TLS    TLS
}

// Reports is how clients read the reports.
type Reports struct {
	Auth ReportsAuth
	TLS  TLS
}

// ReportsAuth is how a client proves that it may read the reports.
type ReportsAuth string

// The ways to prove it.
const (
	ReportsNoAuth              ReportsAuth = "none"                // every client may read them
	ReportsServiceAccountToken ReportsAuth = "serviceAccountToken" // a bearer token that the API server reviews
)

// TLS is where the certificate of a port comes from.
type TLS struct {
	Mode   TLSMode
	Secret string // its name, with TLSSecret
}

// TLSMode says where the certificate of a port comes from.
type TLSMode string

// The modes.
const (
	TLSOff        TLSMode = schema.Off   // plain HTTP
	TLSSelfSigned TLSMode = "selfSigned" // from the controller's own authority
	TLSSecret     TLSMode = "secret"     // from a Secret that another program writes, such as cert-manager
)

// On reports whether the port is served with TLS.
func (t TLS) On() bool { return t.Mode == TLSSelfSigned || t.Mode == TLSSecret }

// ResultPolicy says whether a node that sends no result needs attention.
type ResultPolicy string

// The policies.
const (
	ResultByGauges ResultPolicy = ""         // expected where gauges are configured
	ResultExpected ResultPolicy = "Expected" // always
	ResultOptional ResultPolicy = "Optional" // not expected: only the end of the pod counts
)

// ResultOptional reports whether a node task may succeed without a result. Without
// gauges a result has no content.
func (d Definition) ResultOptional() bool {
	if d.Result == ResultByGauges {
		return len(d.Metrics.Gauges) == 0
	}
	return d.Result == ResultOptional
}

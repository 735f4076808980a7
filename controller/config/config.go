package config

import (
	"maps"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// The keys of the ConfigMap.
const (
	ConfigKey      = "config.yaml"
	PodTemplateKey = "pod-template.yaml"
)

// Config is a valid configuration.
type Config struct {
	Name                  string // of the controller; every object in the cluster begins with it
	JobServiceAccount     string // empty: the namespace's default
	JobImagePullSecrets   []string
	JobNodeSelector       map[string]string // empty: all nodes
	RunOnUnscheduledNodes bool
	TolerateNoExecute     bool
	CronExpression        string // without a time zone prefix: it is in TimeZone
	TimeZone              string
	ReportDirectory       string
	ReportHistory         int // how many of the newest executions keep report, gauges and record; open ones count (plan.Prune)
	JobHistory            int // how many of the newest closed executions keep their Jobs
	PodPoolSize           int
	BackoffLimit          int32
	RunOnStartup          bool
	StartupDelay          time.Duration // before the execution of RunOnStartup
	StartDeadline         time.Duration // for a pod to start all of its containers
	JobTimeout            time.Duration // of a pod, once its kubelet has accepted it
	StartingDeadline      time.Duration // how late an execution may begin; 0: one period, at most an hour
	CallbackServiceName   string
	CallbackServicePort   int
	Callback              Callback
	Reports               Reports
	Custom                map[string]any // for extensions; numbers are int64 or float64
	LatestMetricsLabel    bool
	SavePodLog            bool
	Result                ResultPolicy
	Metrics               Metrics
	PodTemplate           string
	Hash                  string // of the two values of the ConfigMap
}

// Metrics are the metrics that results become.
type Metrics struct {
	Prefix string
	Gauges map[string]Gauge // by the part of the name after the prefix
}

// Gauge is a metric that results set.
type Gauge struct {
	Help   string
	Labels []string // without node and executionID, which every gauge has
}

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

// Callback is how job pods report.
type Callback struct {
	Auth            execution.CallbackAuth
	TokensPerSecret int // nodes whose tokens share a Secret
	Limits          Limits
	TLS             TLS
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
func (c Config) ResultOptional() bool {
	if c.Result == ResultByGauges {
		return len(c.Metrics.Gauges) == 0
	}
	return c.Result == ResultOptional
}

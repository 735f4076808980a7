package config

import "time"

// The keys of the ConfigMap.
const (
	ConfigKey      = "config.yaml"
	PodTemplateKey = "pod-template.yaml"
)

// Config is a configuration that has been checked.
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
	ReportHistory         int // how many closed executions keep their report
	JobHistory            int // how many closed executions keep their Jobs
	PodPoolSize           int
	BackoffLimit          int32
	RunOnStartup          bool
	StartupDelay          time.Duration // before the execution of RunOnStartup
	StartDeadline         time.Duration // until the first container of a pod runs
	JobTimeout            time.Duration // of a pod, from when its node has it
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
	Hash                  string // of the two values it was made from
}

// Metrics is what results become.
type Metrics struct {
	Prefix string
	Gauges map[string]Gauge // by the part of the name behind the prefix
}

// Gauge is a metric that results set.
type Gauge struct {
	Help   string
	Labels []string // without node and executionID, which every gauge has
}

// What is assumed where the ConfigMap says nothing.
const (
	defaultTimeZone            = "UTC"
	defaultReportDirectory     = "/var/www"
	defaultReportHistory       = 30
	defaultJobHistory          = 3
	defaultPodPoolSize         = 10
	defaultBackoffLimit        = 0
	defaultStartupDelay        = 10 * time.Second
	defaultStartDeadline       = 10 * time.Minute
	defaultJobTimeout          = time.Hour
	defaultCallbackServicePort = 8090
)

// What the ConfigMap may say.
const (
	maxReportHistory = 10_000
	maxJobHistory    = 1_000
	maxPodPoolSize   = 1_000
	maxBackoffLimit  = 10
	maxGauges        = 200
	maxLabels        = 10
	maxDuration      = 1_000 * time.Hour
)

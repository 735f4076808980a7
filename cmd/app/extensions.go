package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

// Extension adds something to the controller.
type Extension func(*extensions)

type extensions struct {
	podEnvs    []PodEnv
	runnables  []namedRunnable
	transports []func(http.RoundTripper) http.RoundTripper
	disks      []func(report.Disk) report.Disk
	access     *rest.Config // for the runnables
}

// PodEnv returns further environment variables for a container or init
// container of a node task's pod. They win over those of the pod template, but
// not over the controller's own. It is called for every container of every
// Job, from several goroutines, and must not block. The configuration is that
// which the execution began with, unless another replica has taken it over.
type PodEnv func(cfg config.Config, key execution.Key, container corev1.Container) []corev1.EnvVar

// Runnable is work that is done beside the controller's own while this replica
// leads. It returns when ctx ends; if it returns an error before, the process
// ends.
type Runnable func(ctx context.Context, rt Runtime) error

// Runtime is what a Runnable gets to work with.
type Runtime struct {
	Config    config.Config        // as it is when this begins; Custom holds the ConfigMap's custom properties
	Current   func() config.Config // as it is now
	Namespace string
	Client    kube.Client
	Access    *rest.Config // for clients of other kinds, such as kubernetes.NewForConfig
	Metrics   prometheus.Registerer
	Log       *slog.Logger
}

type namedRunnable struct {
	name string
	run  Runnable
}

// WithPodEnv adds environment variables to the job pods.
func WithPodEnv(f PodEnv) Extension {
	return func(e *extensions) { e.podEnvs = append(e.podEnvs, f) }
}

// WithRunnable adds work under a name that its log lines and errors carry.
func WithRunnable(name string, run Runnable) Extension {
	return func(e *extensions) { e.runnables = append(e.runnables, namedRunnable{name, run}) }
}

// WithTransport wraps what carries the requests to the API server, each try of
// a request and the watches among them: to measure, to trace or to disturb it.
// What is given last is the outermost.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Extension {
	return func(e *extensions) { e.transports = append(e.transports, wrap) }
}

// WithDisk wraps the disk that the report directory is on. What is given last
// is the outermost.
func WithDisk(wrap func(report.Disk) report.Disk) Extension {
	return func(e *extensions) { e.disks = append(e.disks, wrap) }
}

func collect(given []Extension) extensions {
	var all extensions
	for _, add := range given {
		add(&all)
	}
	return all
}

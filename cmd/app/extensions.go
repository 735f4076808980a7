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
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

// Extension extends the controller.
type Extension func(*extensions)

type extensions struct {
	podEnvs    []PodEnv
	runnables  []namedRunnable
	transports []func(http.RoundTripper) http.RoundTripper
	disks      []func(report.Disk) report.Disk
	access     *rest.Config // for the runnables
}

// PodEnv returns additional environment variables for a container or init container
// of a job pod. They override those of the pod template, but not the controller's own.
// It is called for every container of every Job, from several goroutines, and must not
// block. The configuration is the one at the start of the execution, unless another
// replica has become the leader since.
type PodEnv func(cfg config.Config, key execution.Key, container corev1.Container) []corev1.EnvVar

// Runnable runs beside the controller while this replica is the leader. It returns
// when ctx ends; if it returns an error before, the process ends.
type Runnable func(ctx context.Context, rt Runtime) error

// Runtime is passed to a Runnable.
type Runtime struct {
	Config    config.Config        // when the Runnable starts; Custom holds the ConfigMap's custom properties
	Current   func() config.Config // the current configuration
	Namespace string
	Client    kube.Client
	Access    *rest.Config // for other clients, such as kubernetes.NewForConfig
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

// WithRunnable adds a Runnable. Its name is in its log lines and errors.
func WithRunnable(name string, run Runnable) Extension {
	return func(e *extensions) { e.runnables = append(e.runnables, namedRunnable{name, run}) }
}

// WithTransport wraps the transport of requests to the API server, including retries
// and watches: to measure, trace or disturb them. The last one is the outermost.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Extension {
	return func(e *extensions) { e.transports = append(e.transports, wrap) }
}

// WithDisk wraps the disk of the report directory. The last one is the outermost.
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

func podEnvs(cfg config.Config, given []PodEnv) []jobspec.EnvExtension {
	all := make([]jobspec.EnvExtension, 0, len(given))
	for _, f := range given {
		all = append(all, func(key execution.Key, c corev1.Container) []corev1.EnvVar { return f(cfg, key, c) })
	}
	return all
}

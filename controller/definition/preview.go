package definition

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Preview says for which node and execution to render a Job that is not created.
type Preview struct {
	Namespace    string
	Node         string
	CallbackHost string // what job pods connect to
	Scheduled    time.Time
	Extensions   []jobspec.EnvExtension
}

// PreviewJob returns the Job that the node would get under a configuration.
func PreviewJob(cfg config.Config, p Preview) (*batchv1.Job, error) {
	settings, err := settingsOf(cfg, p.CallbackHost)
	if err != nil {
		return nil, err
	}
	seen := execution.Plan{
		ID: execution.NewID(p.Scheduled), NodeCronJob: cfg.Name, Scheduled: p.Scheduled,
		Settings: settings, Nodes: []execution.Node{{Name: p.Node}},
	}
	if cfg.Callback.TLS.On() {
		seen.Settings.CallbackTLS, seen.Settings.CABundle = true, jobspec.CABundleName(cfg.Name)
	}
	return jobspec.Render(seen, 0, jobspec.Options{
		Controller: cfg.Name,
		Namespace:  p.Namespace,
		Owner:      jobspec.Owner{Name: jobspec.ExecutionName(cfg.Name, seen.ID), UID: "sample"},
		Extensions: p.Extensions,
	})
}

// SampleJob returns the Job that a node called sample-node would get. The API server
// validates it before any real one.
func SampleJob(cfg config.Config, namespace string, extensions []jobspec.EnvExtension) (*batchv1.Job, error) {
	return PreviewJob(cfg, Preview{
		Namespace: namespace, Node: "sample-node", CallbackHost: "sample-host", Scheduled: time.Unix(0, 0), Extensions: extensions,
	})
}

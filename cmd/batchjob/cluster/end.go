package cluster

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// EndText says how to end an open execution. While it is open, the tick of
// runOnStartup is skipped.
func EndText(d *appsv1.Deployment, namespace string, cfg config.Config, id execution.ID) string {
	text := "To end it and delete its Jobs, without a report"
	command := "kubectl -n " + namespace + " delete execution " + jobspec.ExecutionName(cfg.Name, id)
	if cfg.RunOnStartup {
		text += ", and start another"
		command += " && kubectl -n " + d.Namespace + " rollout restart deployment " + d.Name
	}
	return text + ":\n  " + command
}

package cluster

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// EndText says how to end an open execution, by the name of its record. While it is open, the
// tick of runOnStartup is skipped.
func EndText(d *appsv1.Deployment, namespace string, cfg config.Config, record string) string {
	text := "To end it and delete its Jobs, without a report"
	command := "kubectl -n " + namespace + " delete execution " + record
	if cfg.RunOnStartup {
		text += ", and start another"
		command += " && kubectl -n " + d.Namespace + " rollout restart deployment " + d.Name
	}
	return text + ":\n  " + command
}

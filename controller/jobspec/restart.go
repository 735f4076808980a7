package jobspec

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// isSidecar reports whether an init container goes on beside the others. It is
// the one thing that its restart policy is for which runs no work twice.
func isSidecar(c corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// neverRestart takes from containers what would start them again in place, but
// from those that are excepted.
func neverRestart(containers []corev1.Container, excepted func(corev1.Container) bool) {
	for i := range containers {
		if excepted == nil || !excepted(containers[i]) {
			containers[i].RestartPolicy, containers[i].RestartPolicyRules = nil, nil
		}
	}
}

// restarts warns of what neverRestart takes away. Never is what applies anyway.
func restarts(c corev1.Container, path *field.Path) (warnings []string) {
	const why = "not used: no container is started again, so that nothing runs twice; see backoffLimit"
	if c.RestartPolicy != nil && *c.RestartPolicy != corev1.ContainerRestartPolicyNever {
		warnings = append(warnings, fmt.Sprintf("%s: %s", path.Child("restartPolicy"), why))
	}
	if len(c.RestartPolicyRules) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: %s", path.Child("restartPolicyRules"), why))
	}
	return warnings
}

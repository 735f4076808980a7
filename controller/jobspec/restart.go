package jobspec

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// isSidecar reports whether an init container runs beside the others. That is the only
// use of a restart policy that does not run work twice.
func isSidecar(c corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// neverRestart removes the restart policies of containers, with exceptions.
func neverRestart(containers []corev1.Container, excepted func(corev1.Container) bool) {
	for i := range containers {
		if excepted == nil || !excepted(containers[i]) {
			containers[i].RestartPolicy, containers[i].RestartPolicyRules = nil, nil
		}
	}
}

// restarts warns of the policies that neverRestart removes, except Never.
func restarts(c corev1.Container, path *field.Path) (warnings []string) {
	const why = "not used: containers are never restarted, so that nothing runs twice; see backoffLimit"
	if c.RestartPolicy != nil && *c.RestartPolicy != corev1.ContainerRestartPolicyNever {
		warnings = append(warnings, fmt.Sprintf("%s: %s", path.Child("restartPolicy"), why))
	}
	if len(c.RestartPolicyRules) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s: %s", path.Child("restartPolicyRules"), why))
	}
	return warnings
}

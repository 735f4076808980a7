package install

import (
	"context"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// checkPodSecurity returns what Pod Security will reject in the job pods. The API
// server would accept the Jobs, and each node would wait for its pod in vain. name is the
// name of the program.
func checkPodSecurity(ctx context.Context, c *objects.Client, r rendered, name string) error {
	if !r.config.HasDefinition {
		return nil // there are no pods
	}
	labels, ours, err := c.NamespaceLabels(ctx, r.namespace())
	if err != nil {
		return err
	}
	if ours {
		labels = r.namespaceLabels(labels)
	}
	return checkPods(r, labels, !ours, name)
}

// namespaceLabels returns the labels of the namespace after it is applied to a live
// one.
func (r rendered) namespaceLabels(live map[string]string) map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, live)
	for _, o := range r.objects {
		if o.GetKind() == "Namespace" {
			maps.Copy(labels, o.GetLabels())
		}
	}
	return labels
}

// checkPods checks the pods against the labels of a namespace. install does not
// change the labels of a foreign namespace.
func checkPods(r rendered, labels map[string]string, foreign bool, name string) error {
	enforced := enforcedLevel(labels)
	forbidden, err := violations(enforced, &r.pod)
	if err != nil {
		return err
	}
	if len(forbidden) == 0 {
		return nil
	}
	enough := api.LevelBaseline
	more, err := violations(api.LevelVersion{Level: enough, Version: enforced.Version}, &r.pod)
	if err != nil {
		return err
	}
	if len(more) > 0 {
		enough = api.LevelPrivileged
	}
	file, _ := r.fileOf(config.PodTemplateKey)
	return cli.Misuse(fmt.Errorf("%s: namespace %s enforces the Pod Security level %s, which forbids pods of this template:\n  %s\n%s",
		file, r.namespace(), enforced.Level, strings.Join(forbidden, "\n  "), podSecurityHint(name, r.namespace(), enough, foreign)))
}

// enforcedLevel reads the labels as the API server does, which treats an invalid
// level as restricted.
func enforcedLevel(labels map[string]string) api.LevelVersion {
	all, _ := api.PolicyToEvaluate(labels, api.Policy{
		Enforce: api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()},
	})
	return all.Enforce
}

// violations returns what a level forbids in a pod.
func violations(level api.LevelVersion, pod *corev1.PodTemplateSpec) ([]string, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, fmt.Errorf("pod security: %w", err)
	}
	var forbidden []string
	for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if result.Allowed {
			continue
		}
		text := result.ForbiddenReason
		if result.ForbiddenDetail != "" {
			text += ": " + result.ForbiddenDetail
		}
		forbidden = append(forbidden, text)
	}
	return forbidden, nil
}

// podSecurityHint says what to do about pods that need a lower level. The level of
// a namespace that install created is the overlay's, and is restored by install.
func podSecurityHint(name, namespace string, enough api.Level, foreign bool) string {
	label := fmt.Sprintf("%s=%s", api.EnforceLevelLabel, enough)
	text := "Add the missing securityContext to the pod template. The one of overlay dev is allowed everywhere: " + name + " render --overlay dev\n" +
		"If the pods need what is forbidden, let the namespace enforce " + string(enough)
	if foreign {
		return text + ": kubectl label --overwrite namespace " + namespace + " " + label
	}
	return text + ". Install does not change an existing namespace:\n" +
		"  kubectl create namespace OTHER\n  kubectl label namespace OTHER " + label + "\n  " + name + " install -n OTHER ..."
}

package batchjob

import (
	"context"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// checkPodSecurity returns what Pod Security will reject in the job pods. The API
// server would accept the Jobs, and each node would wait for its pod in vain.
func (t *tool) checkPodSecurity(ctx context.Context, c *cluster, r rendered) error {
	labels, ours, err := c.objects.NamespaceLabels(ctx, r.namespace())
	if err != nil {
		return err
	}
	if ours {
		labels = r.namespaceLabels(labels)
	}
	return t.checkPods(r, labels, !ours)
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
func (t *tool) checkPods(r rendered, labels map[string]string, foreign bool) error {
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
	return misuse(fmt.Errorf("%s: namespace %s enforces the Pod Security level %s, which forbids pods of this template:\n  %s\n%s",
		file, r.namespace(), enforced.Level, strings.Join(forbidden, "\n  "), t.podSecurityHint(r.namespace(), enough, foreign)))
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
func (t *tool) podSecurityHint(namespace string, enough api.Level, foreign bool) string {
	label := fmt.Sprintf("%s=%s", api.EnforceLevelLabel, enough)
	text := "Add the missing securityContext to the pod template. The one of overlay dev is allowed everywhere: " + t.name + " render --overlay dev\n" +
		"If the pods need what is forbidden, let the namespace enforce " + string(enough)
	if foreign {
		return text + ": kubectl label --overwrite namespace " + namespace + " " + label
	}
	return text + ". Install does not change an existing namespace:\n" +
		"  kubectl create namespace OTHER\n  kubectl label namespace OTHER " + label + "\n  " + t.name + " install -n OTHER ..."
}

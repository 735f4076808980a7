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

// checkPodSecurity tells what the namespace will refuse of the pods that run on
// nodes. The Jobs would be taken, so that nobody else tells before each node has
// waited for its pod in vain.
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

// namespaceLabels returns the labels of the namespace when it is applied to one
// that has some.
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

// checkPods checks the pods against the labels of a namespace: a foreign one is
// others', so that its labels stay as they set them.
func (t *tool) checkPods(r rendered, labels map[string]string, foreign bool) error {
	enforced := enforcedBy(labels)
	forbidden, err := forbiddenAt(enforced, &r.pod)
	if err != nil {
		return err
	}
	if len(forbidden) == 0 {
		return nil
	}
	enough := api.LevelBaseline
	more, err := forbiddenAt(api.LevelVersion{Level: enough, Version: enforced.Version}, &r.pod)
	if err != nil {
		return err
	}
	if len(more) > 0 {
		enough = api.LevelPrivileged
	}
	file, _ := r.fileOf(config.PodTemplateKey)
	return misuse(fmt.Errorf("%s: namespace %s enforces the Pod Security level %s, which forbids pods of this template:\n  %s\n%s",
		file, r.namespace(), enforced.Level, strings.Join(forbidden, "\n  "), t.remedy(r.namespace(), enough, foreign)))
}

// enforcedBy reads the labels as the API server does. One that means nothing it
// takes for restricted.
func enforcedBy(labels map[string]string) api.LevelVersion {
	all, _ := api.PolicyToEvaluate(labels, api.Policy{
		Enforce: api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()},
	})
	return all.Enforce
}

// forbiddenAt returns what a level forbids of a pod.
func forbiddenAt(level api.LevelVersion, pod *corev1.PodTemplateSpec) ([]string, error) {
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

// remedy is what can be done about pods that need a lower level. That of a
// namespace which install makes is the overlay's, and comes back with it.
func (t *tool) remedy(namespace string, enough api.Level, foreign bool) string {
	label := fmt.Sprintf("%s=%s", api.EnforceLevelLabel, enough)
	text := "Give the pod template the securityContext that it lacks: that of overlay dev is allowed everywhere, see: " + t.name + " render --overlay dev\n" +
		"If its pods need what is forbidden, have the namespace enforce " + string(enough)
	if foreign {
		return text + ": kubectl label --overwrite namespace " + namespace + " " + label
	}
	return text + ". A namespace that is there before install is used as it is:\n" +
		"  kubectl create namespace OTHER\n  kubectl label namespace OTHER " + label + "\n  " + t.name + " install -n OTHER ..."
}

package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// tell says what was done, or why it was not.
func (t *term) tell(ctx context.Context, w Wanted, d Decision, err error) {
	log := t.Log.With("nodeCronJob", w.Name, "configMap", w.ConfigMap)
	switch {
	case err == nil && d.Do == NameTaken:
		t.taken = d.Object.UID
		log.Error("the definition in the ConfigMap does not run: a NodeCronJob that does not come from it has its name")
		t.trouble(ctx, kube.EventNameTaken, fmt.Sprintf(
			"the definition in this ConfigMap does not run: NodeCronJob %s does not come from it, and has its name. Delete that NodeCronJob, or remove cronExpression and pod-template.yaml from the ConfigMap",
			w.Name))
	case err == nil && d.Do == Nothing:
		t.solved()
	case err == nil:
		t.solved()
		log.Info("NodeCronJob of the ConfigMap written", "action", d.Do, "configHash", w.Hash, "fields", d.Paths)
		if d.Do == Restore {
			t.sayRestored(ctx, d)
		}
	case raced(d, err): // it is read again
	case plan.ClassifyError(err) != plan.Transient, errors.As(err, new(*alteredError)):
		log.Error("the API server refuses the NodeCronJob of the ConfigMap's definition, trying again", "error", err)
		t.trouble(ctx, kube.EventMirrorRefused, refusal(w, err))
	default:
		log.Error("the NodeCronJob of the ConfigMap's definition was not written, trying again", "error", err)
	}
}

func refusal(w Wanted, err error) string {
	if apierrors.IsNotFound(err) {
		return "the definition in this ConfigMap does not run: the API server has no NodeCronJobs. Apply the custom resource definitions, kustomize/crds"
	}
	return fmt.Sprintf("NodeCronJob %s cannot follow this ConfigMap: %v", w.Name, err)
}

// trouble says once why the definition does not run as the ConfigMap has it.
func (t *term) trouble(ctx context.Context, reason, message string) {
	t.Metrics.ConfigMirrored(false)
	if message == t.problem {
		return
	}
	t.problem = message
	t.Announcer.Announce(ctx, t.configMap(ctx), true, reason, execution.Truncate(message, kube.MaxEventMessage))
}

// solved says that there is no problem any longer.
func (t *term) solved() {
	t.problem, t.taken = "", ""
	t.Metrics.ConfigMirrored(true)
}

// configMap returns the reference of an event about the ConfigMap, without its UID if it
// cannot be read.
func (t *term) configMap(ctx context.Context) corev1.ObjectReference {
	ctx, cancel := context.WithTimeout(ctx, kube.EventTimeout)
	defer cancel()
	object, err := t.Client.CoreV1().ConfigMaps(t.Namespace).Get(ctx, t.ConfigMap, metav1.GetOptions{})
	if err != nil {
		t.Log.Warn("the event is about a ConfigMap that could not be read", "configMap", t.ConfigMap, "error", err)
		return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: t.Namespace, Name: t.ConfigMap}
	}
	return kube.ConfigMapReference(object)
}

// sayRestored tells the person who edited the copy where to edit, at most once in a while: a
// program may be at it.
func (t *term) sayRestored(ctx context.Context, d Decision) {
	now := t.Clock.Now()
	if !t.restored.IsZero() && now.Sub(t.restored) < calm {
		return
	}
	t.restored = now
	message := fmt.Sprintf("%s: again as in ConfigMap %s. Make the change there; of this copy, only suspend, concurrencyPolicy and priority are yours to change",
		strings.Join(d.Paths, ", "), t.ConfigMap)
	t.Announcer.Announce(ctx, kube.Reference(v1alpha1.GroupVersion().String(), v1alpha1.NodeCronJobKind, d.Object), true, kube.EventMirrorRestored,
		execution.Truncate(message, kube.MaxEventMessage))
}

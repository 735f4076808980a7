package jobspec

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

const (
	maxTemplate = 256 << 10
	maxEnv      = 1000
)

// Validate renders the text of a pod template for a sample node. It returns errors, and
// warnings about fields that the controller overrides.
func Validate(text string, path *field.Path) (warnings []string, errs field.ErrorList) {
	if len(text) > maxTemplate {
		return nil, field.ErrorList{field.TooLong(path, "", maxTemplate)}
	}
	pod, err := podtext.Pod(text, podtext.Sample())
	var misfit *podtext.MisfitError
	switch {
	case errors.As(err, &misfit):
		return nil, misfit.Problems(path)
	case err != nil:
		return nil, field.ErrorList{field.Invalid(path, field.OmitValueType{}, err.Error())}
	}
	return validatePod(pod, podtext.Sample().NodeName, path)
}

// ValidateStructured validates a structured pod template as Validate does a text.
func ValidateStructured(template *corev1.PodTemplateSpec, path *field.Path) (warnings []string, errs field.ErrorList) {
	encoded, err := json.Marshal(template)
	switch {
	case err != nil:
		return nil, field.ErrorList{field.Invalid(path, field.OmitValueType{}, err.Error())}
	case len(encoded) > maxTemplate: // as an execution keeps it
		return nil, field.ErrorList{field.TooLong(path, "", maxTemplate)}
	case len(template.Spec.Containers) == 0:
		return nil, field.ErrorList{field.Required(path.Child("spec", "containers"), "must have at least one container")}
	}
	warnings, errs = validatePod(&corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}, "", path)
	return append(warnings, unreplaced(encoded, path)...), errs
}

// validatePod validates the pod of a node. The node is empty if the template is the same
// for all nodes.
func validatePod(pod *corev1.Pod, node string, path *field.Path) (warnings []string, errs field.ErrorList) {
	for i, c := range pod.Spec.InitContainers {
		at := path.Child("spec", "initContainers").Index(i)
		w, e := validateContainer(c, at)
		warnings, errs = append(warnings, w...), append(errs, e...)
		if !isSidecar(c) {
			warnings = append(warnings, restarts(c, at)...)
		}
	}
	for i, c := range pod.Spec.Containers {
		at := path.Child("spec", "containers").Index(i)
		w, e := validateContainer(c, at)
		warnings, errs = append(append(warnings, w...), restarts(c, at)...), append(errs, e...)
	}
	return append(warnings, overridden(pod, node, path)...), errs
}

func validateContainer(c corev1.Container, path *field.Path) (warnings []string, errs field.ErrorList) {
	if c.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), "a container must have a name"))
	}
	if c.Image == "" {
		errs = append(errs, field.Required(path.Child("image"), "a container must have an image"))
	}
	if len(c.Env) > maxEnv {
		errs = append(errs, field.TooMany(path.Child("env"), len(c.Env), maxEnv))
	}
	ours := append(taskEnv(execution.Key{}, 0, execution.Plan{Settings: execution.Settings{CallbackAuth: execution.TokenAuth}}, Options{}), corev1.EnvVar{Name: EnvTokenFile})
	for i, v := range c.Env {
		if slices.ContainsFunc(ours, func(our corev1.EnvVar) bool { return our.Name == v.Name }) {
			warnings = append(warnings, fmt.Sprintf("%s: %s is set by the controller: the value of the template is not used",
				path.Child("env").Index(i), v.Name))
		}
	}
	return warnings, errs
}

// overridden lists the template's fields that the controller overrides.
func overridden(pod *corev1.Pod, node string, path *field.Path) []string {
	var warnings []string
	warn := func(set bool, p *field.Path, why string) {
		if set {
			warnings = append(warnings, fmt.Sprintf("%s: not used: %s", p, why))
		}
	}
	metadata, spec := path.Child("metadata"), path.Child("spec")
	warn(pod.GenerateName != "", metadata.Child("generateName"), "the controller names the pods")
	warn(len(pod.OwnerReferences) > 0, metadata.Child("ownerReferences"), "the pods belong to their Job")
	warn(len(pod.Finalizers) > 0, metadata.Child("finalizers"), "the pods belong to their Job")
	switch pod.Spec.NodeName {
	case "":
	case node:
		warn(true, spec.Child("nodeName"), "each node gets its own pod")
	default:
		warnings = append(warnings, fmt.Sprintf("%s: selects only node %s: omit it to run on all nodes", spec.Child("nodeName"), pod.Spec.NodeName))
	}
	warn(pod.Spec.RestartPolicy != "" && pod.Spec.RestartPolicy != corev1.RestartPolicyNever,
		spec.Child("restartPolicy"), "it is always Never, so that nothing runs twice; see backoffLimit")
	return warnings
}

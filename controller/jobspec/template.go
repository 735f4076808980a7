package jobspec

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/json"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

// Template is the pod template of a definition: a text or a structure.
type Template struct {
	Text string // a Go template of a Pod
	// Structured applies instead of Text. It is the same for all nodes, and never changed.
	Structured *corev1.PodTemplateSpec
}

// templateOf returns the template that an execution keeps. A structured one is decoded as
// strictly as a text.
func templateOf(s execution.Settings) (Template, error) {
	if len(s.Template) == 0 {
		return Template{Text: s.PodTemplate}, nil
	}
	structured := &corev1.PodTemplateSpec{}
	unknown, err := json.UnmarshalStrict(s.Template, structured)
	if err := errors.Join(append(unknown, err)...); err != nil {
		return Template{}, fmt.Errorf("structured template: %w", err)
	}
	return Template{Structured: structured}, nil
}

// pod returns a pod for the node, which the caller may change, without the controller's
// additions.
func (t Template) pod(data podtext.Data) (*corev1.Pod, error) {
	if t.Structured == nil {
		return podtext.Pod(t.Text, data)
	}
	own := t.Structured.DeepCopy()
	pod := &corev1.Pod{ObjectMeta: own.ObjectMeta, Spec: own.Spec}
	return pod, podtext.HasContainers(pod)
}

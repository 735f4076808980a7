package jobspec

import (
	"bytes"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// PodSpecs renders the pod template for each node, without the controller's additions.
// It is not safe for concurrent use.
type PodSpecs struct {
	template  Template
	namespace string
	execution execution.ID

	rendered []byte // of the node before: most templates are the same for all
	spec     *corev1.PodSpec
	err      error
}

// NewPodSpecs returns the PodSpecs of an execution.
func NewPodSpecs(template Template, namespace string, id execution.ID) *PodSpecs {
	return &PodSpecs{template: template, namespace: namespace, execution: id}
}

// Of returns the spec for a node, which the caller must not change. An error concerns
// only the node: its Job will fail with it.
func (p *PodSpecs) Of(node string) (*corev1.PodSpec, error) {
	if p.template.Structured != nil {
		return &p.template.Structured.Spec, nil
	}
	out := limitedBuffer{limit: maxRendered}
	if err := evaluate(&out, p.template.Text, templateData{Namespace: p.namespace, ExecutionID: string(p.execution), NodeName: node}); err != nil {
		return nil, err
	}
	if p.rendered == nil || !bytes.Equal(out.Bytes(), p.rendered) {
		p.rendered, p.spec = out.Bytes(), nil
		var pod *corev1.Pod
		if pod, p.err = decodePod(p.rendered); p.err == nil {
			p.spec = &pod.Spec
		}
	}
	return p.spec, p.err
}

package jobspec

import (
	"bytes"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
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
	rendered, err := podtext.Render(p.template.Text, podtext.Data{Namespace: p.namespace, ExecutionID: string(p.execution), NodeName: node})
	if err != nil {
		return nil, err
	}
	if p.rendered == nil || !bytes.Equal(rendered, p.rendered) {
		p.rendered, p.spec = rendered, nil
		var pod *corev1.Pod
		if pod, p.err = podtext.Decode(p.rendered); p.err == nil {
			p.spec = &pod.Spec
		}
	}
	return p.spec, p.err
}

package jobspec

import (
	"bytes"
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/podtext"
)

// placeholder stands for the name of a node.
const placeholder = "node-name-of-the-placeholder"

// PodSpecs renders the pod template for each node, without the controller's additions. The
// specs of a textual template have neither containers nor volumes. It is not safe for
// concurrent use.
//
// Decoding a text takes longer than all else at the opening of an execution. Therefore it is
// decoded only if it differs by more than its node's name from one that was.
type PodSpecs struct {
	template  Template
	namespace string
	execution execution.ID

	parsed   *podtext.Template
	parseErr error
	before   rendering // of the node before: most templates are the same for all
	sample   rendering // of the placeholder
	fields   []byte    // of sample, as JSON; nil: it has not been rendered, or cannot be decoded
}

// rendering is what a template renders to.
type rendering struct {
	text []byte // nil: nothing has been rendered
	spec *corev1.PodSpec
	err  error
}

// NewPodSpecs returns the PodSpecs of an execution.
func NewPodSpecs(template Template, namespace string, id execution.ID) *PodSpecs {
	p := &PodSpecs{template: template, namespace: namespace, execution: id}
	if template.Structured == nil {
		p.parsed, p.parseErr = podtext.Parse(template.Text)
	}
	return p
}

// Of returns the spec for a node, which the caller must not change. An error concerns
// only the node: its Job will fail with it.
func (p *PodSpecs) Of(node string) (*corev1.PodSpec, error) {
	if p.template.Structured != nil {
		return &p.template.Structured.Spec, nil
	}
	text, err := p.render(node)
	if err != nil {
		return nil, err
	}
	if p.before.text != nil && bytes.Equal(text, p.before.text) {
		return p.before.spec, p.before.err
	}
	if spec := p.byName(node, text); spec != nil {
		return spec, nil
	}
	p.before = decoded(text)
	return p.before.spec, p.before.err
}

func (p *PodSpecs) render(node string) ([]byte, error) {
	if p.parseErr != nil {
		return nil, p.parseErr
	}
	return p.parsed.Render(podtext.Data{Namespace: p.namespace, ExecutionID: string(p.execution), NodeName: node})
}

// byName returns the spec for a node if the placeholder's text is the same but for the name.
// Otherwise, it returns nil.
func (p *PodSpecs) byName(node string, text []byte) *corev1.PodSpec {
	if !isText(node) {
		return nil
	}
	if p.sample.text == nil {
		p.renderSample()
	}
	if p.fields == nil || !bytes.Equal(text, withName(p.sample.text, node)) {
		return nil
	}
	if !bytes.Contains(p.fields, []byte(placeholder)) {
		return p.sample.spec
	}
	spec := &corev1.PodSpec{}
	if err := json.Unmarshal(withName(p.fields, node), spec); err != nil {
		return nil
	}
	return spec
}

// isText reports whether YAML reads each scalar with this name in it as a text. Those that it
// reads otherwise are the words up to "false", and numbers and times, which have few letters.
func isText(node string) bool {
	return len(node) > len("false") && strings.ContainsAny(node, "ghijklmnpqrsuvwy")
}

func (p *PodSpecs) renderSample() {
	text, err := p.render(placeholder)
	if err != nil {
		p.sample.text = []byte{} // not again
		return
	}
	if p.sample = decoded(text); p.sample.err == nil {
		p.fields, _ = json.Marshal(p.sample.spec) // nil if it fails, and then each text is decoded
	}
}

// withName puts the name of a node where the placeholder is.
func withName(text []byte, node string) []byte {
	return bytes.ReplaceAll(text, []byte(placeholder), []byte(node))
}

func decoded(text []byte) rendering {
	pod, err := podtext.Decode(text)
	if err != nil {
		return rendering{text: text, err: err}
	}
	return rendering{text: text, spec: slim(pod.Spec)}
}

// slim returns a spec without what is long and decides about no node.
func slim(s corev1.PodSpec) *corev1.PodSpec {
	s.InitContainers, s.Containers, s.EphemeralContainers, s.Volumes = nil, nil, nil, nil
	return &s
}

package podtext

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// maxRendered bounds the rendered text: a Job has to fit into etcd.
const maxRendered = 512 << 10

// Pod renders a template and decodes the pod. The error is a MisfitError if what it renders
// to does not fit into a pod.
func Pod(text string, data Data) (*corev1.Pod, error) {
	t, err := Parse(text)
	if err != nil {
		return nil, err
	}
	rendered, err := t.Render(data)
	if err != nil {
		return nil, err
	}
	return Decode(rendered)
}

// Decode decodes a rendered pod strictly: otherwise a misspelled field would be ignored
// silently.
func Decode(rendered []byte) (*corev1.Pod, error) {
	asJSON, err := toJSON(rendered)
	if err != nil {
		return nil, err
	}
	pod := &corev1.Pod{}
	unknown, err := json.UnmarshalStrict(asJSON, pod)
	if err := errors.Join(append(unknown, err)...); err != nil {
		return nil, &MisfitError{document: asJSON, err: err}
	}
	if pod.Kind != "Pod" || (pod.APIVersion != "v1" && pod.APIVersion != "") {
		return nil, fmt.Errorf("must be of apiVersion v1, kind Pod, not %q, %q", pod.APIVersion, pod.Kind)
	}
	return pod, HasContainers(pod)
}

// HasContainers returns an error if the pod has no container.
func HasContainers(pod *corev1.Pod) error {
	if len(pod.Spec.Containers) == 0 {
		return errors.New("spec.containers: must have at least one container")
	}
	return nil
}

// toJSON rejects duplicate keys. The type of a scalar depends on its field: an execution
// ID without quotes is a number in YAML, and the text of an environment variable in a
// pod.
func toJSON(text []byte) (asJSON stdjson.RawMessage, err error) {
	if _, err := yaml.YAMLToJSONStrict(text); err != nil {
		return nil, err
	}
	capture := func(d *stdjson.Decoder) *stdjson.Decoder {
		if err := d.Decode(&asJSON); err != nil {
			return d
		}
		return stdjson.NewDecoder(bytes.NewReader(asJSON))
	}
	// Wrong types are reported only by the decoder.
	if err := yaml.Unmarshal(text, &corev1.Pod{}, capture); err != nil && asJSON == nil {
		return nil, err
	}
	return asJSON, nil
}

// limitedBuffer stops a template that writes without end.
type limitedBuffer struct {
	bytes.Buffer
	limit int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, fmt.Errorf("renders to more than %d bytes", b.limit)
	}
	return b.Buffer.Write(p)
}

package fake

import (
	"fmt"
	"io/fs"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json" // large numbers stay as they are
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/kustomize"
)

// defaults returns the schemas of the definitions, by kind. They are read once: it takes
// longer than most tests.
var defaults = sync.OnceValues(func() (map[string]structure, error) {
	schemas := map[string]structure{}
	for kind, file := range map[string]string{
		v1alpha1.NodeCronJobKind: "crds/node-cron-job.yaml",
		v1alpha1.ExecutionKind:   "crds/execution.yaml",
	} {
		text, err := fs.ReadFile(kustomize.Files(), file)
		if err != nil {
			return nil, fmt.Errorf("read definition: %w", err)
		}
		var definition struct {
			Spec struct {
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema structure `json:"openAPIV3Schema"`
					} `json:"schema"`
				} `json:"versions"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal(text, &definition); err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		if n := len(definition.Spec.Versions); n != 1 {
			return nil, fmt.Errorf("%s has %d versions, want one", file, n)
		}
		schemas[kind] = definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return schemas, nil
})

// structure is the part of a schema that says what is set by default.
type structure struct {
	Default              any                  `json:"default,omitempty"`
	Properties           map[string]structure `json:"properties,omitempty"`
	AdditionalProperties *structure           `json:"additionalProperties,omitempty"`
	Items                *structure           `json:"items,omitempty"`
}

// setDefaults sets what an object leaves out, as the API server does.
func setDefaults[T any](kind string, object *T) error {
	schemas, err := defaults()
	if err != nil {
		return err
	}
	text, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	schemas[kind].fill(fields)
	if text, err = json.Marshal(fields); err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	var filled T
	if err := json.Unmarshal(text, &filled); err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	*object = filled
	return nil
}

// fill sets what is missing in a value, from the outside in: a default may be an object
// whose own fields have defaults.
func (s structure) fill(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, property := range s.Properties {
			if _, has := value[name]; !has && property.Default != nil {
				value[name] = runtime.DeepCopyJSONValue(property.Default)
			}
		}
		for name, field := range value {
			if property, known := s.Properties[name]; known {
				property.fill(field)
			} else if s.AdditionalProperties != nil {
				s.AdditionalProperties.fill(field)
			}
		}
	case []any:
		if s.Items != nil {
			for _, item := range value {
				s.Items.fill(item)
			}
		}
	}
}

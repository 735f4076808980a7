package environment

import (
	"cmp"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

const (
	configMapName = "CONFIG_MAP_NAME"
	namespace     = "NAMESPACE"
)

// Surroundings are the sources of a pod's environment besides its template.
type Surroundings struct {
	Namespace string // of the pod
	// Data returns the data of an object in the namespace, or nil if the object does
	// not exist. Its error names the object.
	Data func(kind Kind, name string) (map[string]string, error)
}

// Kind is the kind of an object with values of variables.
type Kind string

// The kinds of objects with values of variables.
const (
	ConfigMap Kind = "ConfigMap"
	Secret    Kind = "Secret"
)

// Container returns the name of the controller's container in a pod template: the
// container with the variable CONFIG_MAP_NAME. It returns "" if there is none.
func Container(template corev1.PodTemplateSpec, in Surroundings) string {
	v := variablesOfController(template, in)
	if v == nil || !v.has(configMapName) {
		return ""
	}
	return v.container
}

// OfController returns the environment of the controller in a pod template. If the
// controller would reject it, the error is of type config.Problems.
func OfController(template corev1.PodTemplateSpec, in Surroundings) (config.Env, error) {
	v := variablesOfController(template, in)
	if v == nil {
		return config.Env{}, errors.New("the pod template of the controller has no container")
	}
	// Without the variable the controller exits at once, and its pod says why. Its
	// namespace is known anyway.
	if !v.has(namespace) {
		v.values[namespace] = in.Namespace
	}
	env, err := v.read()
	if err != nil {
		return env, fmt.Errorf("the environment of the controller: %w", err)
	}
	return env, nil
}

// variablesOfController returns the variables of the container with
// CONFIG_MAP_NAME, or else of the first container.
func variablesOfController(template corev1.PodTemplateSpec, in Surroundings) *variables {
	var first *variables
	for i := range template.Spec.Containers {
		v := variablesOf(&template.Spec.Containers[i], template, in)
		if v.has(configMapName) {
			return v
		}
		first = cmp.Or(first, v)
	}
	return first
}

// variables are the environment of a container.
type variables struct {
	container string
	values    map[string]string
	failed    map[string]error // by name, why a value is unknown
}

func (v *variables) has(name string) bool { return v.values[name] != "" || v.failed[name] != nil }

// read reads the variables as the controller does. An unknown value is an error only
// if the controller reads it.
func (v *variables) read() (config.Env, error) {
	var unknown []error
	env, err := config.ReadEnv(func(name string) (string, bool) {
		if err := v.failed[name]; err != nil {
			unknown = append(unknown, fmt.Errorf("%s: %w", name, err))
		}
		value, ok := v.values[name]
		return value, ok
	})
	if len(unknown) > 0 {
		return config.Env{}, errors.Join(unknown...)
	}
	return env, err
}

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

// Surroundings are what the environment of a pod is made of besides its
// template.
type Surroundings struct {
	Namespace string // of the pod
	// Data returns the data of an object of the namespace, or none if there is no
	// such object. Its error names the object.
	Data func(kind Kind, name string) (map[string]string, error)
}

// Kind is that of an object that variables are taken from.
type Kind string

// The kinds that variables are taken from.
const (
	ConfigMap Kind = "ConfigMap"
	Secret    Kind = "Secret"
)

// Container returns the name of the container of a pod template that runs the
// controller, which is the one that has CONFIG_MAP_NAME, or nothing if there is
// none.
func Container(template corev1.PodTemplateSpec, in Surroundings) string {
	v := variablesOfController(template, in)
	if v == nil || !v.has(configMapName) {
		return ""
	}
	return v.container
}

// OfController returns the environment that the controller reads if a pod
// template runs it. An error that is config.Problems tells what the controller
// finds wrong with it.
func OfController(template corev1.PodTemplateSpec, in Surroundings) (config.Env, error) {
	v := variablesOfController(template, in)
	if v == nil {
		return config.Env{}, errors.New("the pod template of the controller has no container")
	}
	// A controller without it ends at once, and its pod says why: where it runs is
	// known all the same.
	if !v.has(namespace) {
		v.values[namespace] = in.Namespace
	}
	env, err := v.read()
	if err != nil {
		return env, fmt.Errorf("the environment of the controller: %w", err)
	}
	return env, nil
}

// variablesOfController returns those of the container that has CONFIG_MAP_NAME,
// or else of the first.
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
	failed    map[string]error // by name, why a value is not known
}

func (v *variables) has(name string) bool { return v.values[name] != "" || v.failed[name] != nil }

// read reads what the controller does. A variable that is not known counts only
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

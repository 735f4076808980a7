package environment

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// variablesOf computes the environment of a container as the kubelet does: later
// variables override earlier ones, and env overrides envFrom.
func variablesOf(c *corev1.Container, template corev1.PodTemplateSpec, in Surroundings) *variables {
	v := &variables{container: c.Name, values: map[string]string{}, failed: map[string]error{}}
	for _, from := range c.EnvFrom {
		for key, value := range all(from, in) {
			v.values[from.Prefix+key] = value
		}
	}
	for _, e := range c.Env {
		value, set, err := expand(e.Value, v.values), true, error(nil)
		if e.ValueFrom != nil {
			value, set, err = one(e.ValueFrom, template, in)
		}
		delete(v.failed, e.Name)
		switch {
		case err != nil:
			delete(v.values, e.Name)
			v.failed[e.Name] = err
		case set:
			v.values[e.Name] = value
		}
	}
	return v
}

// all returns the variables of an object, or none if it cannot be read: then their
// names are unknown too.
func all(from corev1.EnvFromSource, in Surroundings) map[string]string {
	var data map[string]string
	var err error
	switch {
	case from.ConfigMapRef != nil:
		data, err = in.Data(ConfigMap, from.ConfigMapRef.Name)
	case from.SecretRef != nil:
		data, err = in.Data(Secret, from.SecretRef.Name)
	}
	if err != nil {
		return nil
	}
	return maps.Clone(data)
}

// one returns the value of a variable with a source.
func one(from *corev1.EnvVarSource, template corev1.PodTemplateSpec, in Surroundings) (value string, set bool, err error) {
	switch {
	case from.FieldRef != nil:
		value, err = fieldOf(from.FieldRef.FieldPath, template, in)
		return value, err == nil, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		return key(ConfigMap, ref.Name, ref.Key, ref.Optional, in)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		return key(Secret, ref.Name, ref.Key, ref.Optional, in)
	default:
		return "", false, errors.New("only the kubelet knows the value: must be a value, or from a field of the pod, a ConfigMap or a Secret")
	}
}

func key(kind Kind, name, key string, optional *bool, in Surroundings) (value string, set bool, err error) {
	data, err := in.Data(kind, name)
	if err != nil {
		return "", false, err
	}
	value, set = data[key]
	if set || (optional != nil && *optional) {
		return value, set, nil
	}
	return "", false, fmt.Errorf("%s %s has no key %q, or there is no such object: a pod cannot start without it", kind, name, key)
}

// unknownIP replaces the address of a pod that does not exist yet. The range is
// reserved for documentation.
const unknownIP = "192.0.2.1"

// fieldOf returns a field of the pod, or a placeholder for a field that differs
// between the pods of the template.
func fieldOf(path string, template corev1.PodTemplateSpec, in Surroundings) (string, error) {
	if name, ok := entry(path, "metadata.labels"); ok {
		return template.Labels[name], nil
	}
	if name, ok := entry(path, "metadata.annotations"); ok {
		return template.Annotations[name], nil
	}
	switch path {
	case "metadata.namespace":
		return in.Namespace, nil
	case "spec.serviceAccountName":
		return template.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs", "status.hostIP", "status.hostIPs":
		return unknownIP, nil
	case "metadata.name", "metadata.uid", "spec.nodeName":
		return "unknown", nil
	}
	return "", fmt.Errorf("fieldRef %s: is no field that a variable can be taken from", path)
}

// entry returns the name in a path such as metadata.labels['name'].
func entry(path, field string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(path, field+"['")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "']")
}

var reference = regexp.MustCompile(`\$\$|\$\([^)]+\)`)

// expand replaces references of the form $(NAME) by the variables. References to
// missing variables stay unchanged, and $$ becomes $.
func expand(value string, known map[string]string) string {
	return reference.ReplaceAllStringFunc(value, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		if known, ok := known[ref[2:len(ref)-1]]; ok {
			return known
		}
		return ref
	})
}

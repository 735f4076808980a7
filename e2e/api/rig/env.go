package rig

import (
	"context"
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// Env returns the environment of the pod's first container as a kubelet would set it. Simulated
// nodes have no kubelet.
func (s *Site) Env(pod *corev1.Pod) map[string]string {
	s.tb.Helper()
	env, err := s.EnvOf(s.tb.Context(), pod)
	if err != nil {
		s.tb.Fatal(err)
	}
	return env
}

// EnvOf is Env for goroutines other than that of the test.
func (s *Site) EnvOf(ctx context.Context, pod *corev1.Pod) (map[string]string, error) {
	env := map[string]string{}
	for _, v := range pod.Spec.Containers[0].Env {
		if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
			value, err := s.secret(ctx, v.ValueFrom.SecretKeyRef)
			if err != nil {
				return nil, fmt.Errorf("pod %s cannot start: %s: %w", pod.Name, v.Name, err)
			}
			env[v.Name] = value
			continue
		}
		env[v.Name] = reference.ReplaceAllStringFunc(v.Value, func(r string) string {
			if value, ok := env[reference.FindStringSubmatch(r)[1]]; ok {
				return value
			}
			return r
		})
	}
	return env, nil
}

func (s *Site) secret(ctx context.Context, ref *corev1.SecretKeySelector) (string, error) {
	secret, err := s.Client.CoreV1().Secrets(s.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	value, ok := secret.Data[ref.Key]
	if !ok {
		return "", fmt.Errorf("the Secret %s has no key %s", ref.Name, ref.Key)
	}
	return string(value), nil
}

package rig

import (
	"regexp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// Env returns the environment of the pod's first container as a kubelet would
// make it: simulated nodes have none.
func (s *Site) Env(pod *corev1.Pod) map[string]string {
	s.tb.Helper()
	env := map[string]string{}
	for _, v := range pod.Spec.Containers[0].Env {
		if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil {
			env[v.Name] = s.secret(v.ValueFrom.SecretKeyRef)
			continue
		}
		env[v.Name] = reference.ReplaceAllStringFunc(v.Value, func(r string) string {
			if value, ok := env[reference.FindStringSubmatch(r)[1]]; ok {
				return value
			}
			return r
		})
	}
	return env
}

func (s *Site) secret(ref *corev1.SecretKeySelector) string {
	s.tb.Helper()
	secret, err := s.Client.CoreV1().Secrets(s.Namespace).Get(s.tb.Context(), ref.Name, metav1.GetOptions{})
	if err != nil {
		s.tb.Fatal(err)
	}
	return string(secret.Data[ref.Key])
}

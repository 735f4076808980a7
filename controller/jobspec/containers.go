package jobspec

import corev1 "k8s.io/api/core/v1"

// containersOf returns all containers of a pod for changing them: the init containers,
// then the others.
func containersOf(spec *corev1.PodSpec) []*corev1.Container {
	all := make([]*corev1.Container, 0, len(spec.InitContainers)+len(spec.Containers))
	for i := range spec.InitContainers {
		all = append(all, &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		all = append(all, &spec.Containers[i])
	}
	return all
}

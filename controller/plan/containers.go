package plan

import (
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// podContainers is the containers of a pod by role. They are listed in the pod's
// spec: a container may have no status yet.
type podContainers struct {
	pod      *corev1.Pod
	init     []containerState // init containers that run before the others
	sidecars []containerState // init containers that restart always: they run beside the others and end after them
	main     []containerState // the template's containers: they decide the outcome
	injected []containerState // containers that a webhook, such as that of a service mesh, has added
}

// containerState is a container and its status.
type containerState struct {
	name   string
	status corev1.ContainerStatus
}

// containersOf sorts a pod's containers by role. All containers count as the
// template's if the Job has no annotation, because an older version created it, or
// if none of them has a name of the template, because a webhook renamed them.
func containersOf(job *batchv1.Job, pod *corev1.Pod) podContainers {
	c := podContainers{pod: pod}
	for _, spec := range pod.Spec.InitContainers {
		m := containerNamed(spec.Name, pod.Status.InitContainerStatuses)
		if spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			c.sidecars = append(c.sidecars, m)
		} else {
			c.init = append(c.init, m)
		}
	}
	listed, known := job.Annotations[jobspec.ContainersAnnotation]
	names := strings.Split(listed, ",")
	for _, spec := range pod.Spec.Containers {
		m := containerNamed(spec.Name, pod.Status.ContainerStatuses)
		if !known || slices.Contains(names, spec.Name) {
			c.main = append(c.main, m)
		} else {
			c.injected = append(c.injected, m)
		}
	}
	if len(c.main) == 0 {
		c.main, c.injected = c.injected, nil
	}
	return c
}

func containerNamed(name string, statuses []corev1.ContainerStatus) containerState {
	m := containerState{name: name}
	if i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == name }); i >= 0 {
		m.status = statuses[i]
	}
	return m
}

func (m containerState) running() bool { return m.status.State.Running != nil }

func (m containerState) terminated() *corev1.ContainerStateTerminated {
	return m.status.State.Terminated
}

// started reports whether the container has started once, or could not be started
// and its status says so. A container that the kubelet could not locate has no
// times.
func (m containerState) started() bool {
	t := m.terminated()
	return m.running() || m.status.RestartCount > 0 || m.status.LastTerminationState.Terminated != nil ||
		(t != nil && !t.FinishedAt.IsZero())
}

// started reports whether every container of the template has started once.
func (c podContainers) started() bool {
	return len(c.main) > 0 && !slices.ContainsFunc(c.main, func(m containerState) bool { return !m.started() })
}

// preparing reports whether an init container runs.
func (c podContainers) preparing() bool { return slices.ContainsFunc(c.init, containerState.running) }

// anyRunning reports whether any container of the pod runs, including sidecars and
// ephemeral containers.
func (c podContainers) anyRunning() bool {
	return len(c.stillRunning()) > 0 || slices.ContainsFunc(c.sidecars, containerState.running) ||
		slices.ContainsFunc(c.pod.Status.EphemeralContainerStatuses, func(s corev1.ContainerStatus) bool { return s.State.Running != nil })
}

// stillRunning returns the names of the containers that keep the pod from ending.
// Sidecars do not: the kubelet ends them after the others.
func (c podContainers) stillRunning() (names []string) {
	for _, m := range slices.Concat(c.init, c.main, c.injected) {
		if m.running() {
			names = append(names, m.name)
		}
	}
	return names
}

// failed returns the container that failed first, or nil. Injected containers come
// last, because they may be killed only after the others have failed. Sidecars
// always are.
func (c podContainers) failed() *containerState {
	if first := firstFailed(slices.Concat(c.main, c.init)); first != nil {
		return first
	}
	return firstFailed(c.injected)
}

func firstFailed(members []containerState) (first *containerState) {
	for i := range members {
		t := members[i].terminated()
		if t != nil && t.ExitCode != 0 && (first == nil || endedBefore(t, first.terminated())) {
			first = &members[i]
		}
	}
	return first
}

// endedBefore compares ends. An end without a time comes last.
func endedBefore(a, b *corev1.ContainerStateTerminated) bool {
	if a.FinishedAt.IsZero() || b.FinishedAt.IsZero() {
		return !a.FinishedAt.IsZero()
	}
	return a.FinishedAt.Time.Before(b.FinishedAt.Time)
}

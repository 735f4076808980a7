package plan

import (
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// crew is the containers of a pod, by what they are there for. Which there are
// says the pod's spec: a container that nothing is known of yet has no status.
type crew struct {
	pod      *corev1.Pod
	prepares []member // init containers that have to end before the others start
	sidecars []member // init containers that go on beside the others, and are ended after them
	works    []member // the template's containers: the outcome is theirs
	injected []member // containers that others, such as a service mesh, have added beside them
}

// member is one container and what is known of it.
type member struct {
	name   string
	status corev1.ContainerStatus
}

// crewOf sorts a pod's containers. A Job without the annotation was made before
// there was one: all its containers count as the template's. So they do if none
// of them has a name of the template, which only a change of the names explains.
func crewOf(job *batchv1.Job, pod *corev1.Pod) crew {
	c := crew{pod: pod}
	for _, spec := range pod.Spec.InitContainers {
		m := memberOf(spec.Name, pod.Status.InitContainerStatuses)
		if spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			c.sidecars = append(c.sidecars, m)
		} else {
			c.prepares = append(c.prepares, m)
		}
	}
	listed, known := job.Annotations[jobspec.ContainersAnnotation]
	names := strings.Split(listed, ",")
	for _, spec := range pod.Spec.Containers {
		m := memberOf(spec.Name, pod.Status.ContainerStatuses)
		if !known || slices.Contains(names, spec.Name) {
			c.works = append(c.works, m)
		} else {
			c.injected = append(c.injected, m)
		}
	}
	if len(c.works) == 0 {
		c.works, c.injected = c.injected, nil
	}
	return c
}

func memberOf(name string, statuses []corev1.ContainerStatus) member {
	m := member{name: name}
	if i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == name }); i >= 0 {
		m.status = statuses[i]
	}
	return m
}

func (m member) running() bool { return m.status.State.Running != nil }

func (m member) terminated() *corev1.ContainerStateTerminated { return m.status.State.Terminated }

// begun reports whether the container has started once, or could not be started
// and says so. One that the kubelet knows nothing of but that it is not there has
// no times.
func (m member) begun() bool {
	t := m.terminated()
	return m.running() || m.status.RestartCount > 0 || m.status.LastTerminationState.Terminated != nil ||
		(t != nil && !t.FinishedAt.IsZero())
}

// begun reports whether every container of the template has started once.
func (c crew) begun() bool {
	return len(c.works) > 0 && !slices.ContainsFunc(c.works, func(m member) bool { return !m.begun() })
}

// preparing reports whether an init container works.
func (c crew) preparing() bool { return slices.ContainsFunc(c.prepares, member.running) }

// anyRunning reports whether anything of the pod runs, also what is no part of
// its work.
func (c crew) anyRunning() bool {
	return len(c.stillRunning()) > 0 || slices.ContainsFunc(c.sidecars, member.running) ||
		slices.ContainsFunc(c.pod.Status.EphemeralContainerStatuses, func(s corev1.ContainerStatus) bool { return s.State.Running != nil })
}

// stillRunning returns the names of the containers that keep the pod from
// ending: its sidecars end by themselves after them.
func (c crew) stillRunning() (names []string) {
	for _, m := range slices.Concat(c.prepares, c.works, c.injected) {
		if m.running() {
			names = append(names, m.name)
		}
	}
	return names
}

// failed returns the container that failed first, and nil if none did. What
// ends the others' work comes first: an injected container may be killed only
// because they have failed, and a sidecar always is.
func (c crew) failed() *member {
	if first := firstFailed(slices.Concat(c.works, c.prepares)); first != nil {
		return first
	}
	return firstFailed(c.injected)
}

func firstFailed(members []member) (first *member) {
	for i := range members {
		t := members[i].terminated()
		if t != nil && t.ExitCode != 0 && (first == nil || endedBefore(t, first.terminated())) {
			first = &members[i]
		}
	}
	return first
}

// endedBefore compares ends. One without a time was never seen, and comes last.
func endedBefore(a, b *corev1.ContainerStateTerminated) bool {
	if a.FinishedAt.IsZero() || b.FinishedAt.IsZero() {
		return !a.FinishedAt.IsZero()
	}
	return a.FinishedAt.Time.Before(b.FinishedAt.Time)
}

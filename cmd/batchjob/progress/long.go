package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// overrun is how long a container may run after another container of its pod has
	// ended before it is reported.
	overrun = time.Minute
	// maxLongPods bounds the pods that are read for their running containers: the
	// oldest are enough.
	maxLongPods = 10
)

// MayBeLong returns the names of pods that may have run for long, oldest first. It
// goes by their age: a pod is older than its containers.
func MayBeLong(pods []metav1.PartialObjectMetadata, now time.Time) (names []string) {
	old := slices.DeleteFunc(slices.Clone(pods), func(p metav1.PartialObjectMetadata) bool {
		return now.Sub(p.CreationTimestamp.Time) < overrun
	})
	slices.SortFunc(old, func(a, b metav1.PartialObjectMetadata) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	for _, p := range old[:min(len(old), maxLongPods)] {
		names = append(names, p.Name)
	}
	return names
}

// LongRunning records the running containers of pods that have run for long.
func (p *Pods) LongRunning(e Execution, pods []corev1.Pod, now time.Time) {
	p.long = map[string]string{}
	for i := range pods {
		if node, ok := e.nodeOf(&pods[i]); ok {
			p.long[node] = describeRunning(&pods[i], e.JobTimeout, now)
		}
	}
}

// describeRunning says which containers of a pod still run, and which have ended. It
// returns nothing unless that has been so for a while, or half of jobTimeout has
// passed. It prints times and not durations, so that the text stays the same.
func describeRunning(pod *corev1.Pod, timeout time.Duration, now time.Time) string {
	var running, ended []string
	var since, lastEnd time.Time
	for _, s := range statuses(pod) {
		switch at := runningSince(s); {
		case !at.IsZero():
			running = append(running, s.Name)
			if since.IsZero() || at.Before(since) {
				since = at
			}
		case s.State.Terminated != nil && isRegular(pod, s.Name):
			ended = append(ended, fmt.Sprintf("%s exited with code %d", s.Name, s.State.Terminated.ExitCode))
			if at := s.State.Terminated.FinishedAt.Time; at.After(lastEnd) {
				lastEnd = at
			}
		}
	}
	outlives := len(ended) > 0 && now.Sub(lastEnd) >= overrun
	half := timeout > 0 && pod.Status.StartTime != nil && now.Sub(pod.Status.StartTime.Time) >= timeout/2
	if len(running) == 0 || (!outlives && !half) {
		return ""
	}
	still := " still run"
	if len(running) == 1 {
		still = " still runs"
	}
	text := nameList("container", running) + still + sinceMark + clock(since)
	return plain(strings.Join(append([]string{text}, ended...), "; "))
}

// sinceMark precedes the time in the text of describeRunning.
const sinceMark = ", since "

func isRegular(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == container })
}

// longNodes returns the nodes whose pods run for long, by name.
func (p Pods) longNodes(e Execution) (nodes []Node) {
	for _, name := range e.Admitted {
		if reason := p.long[name]; reason != "" && p.started[name] {
			nodes = append(nodes, Node{name, execution.Running, reason})
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes
}

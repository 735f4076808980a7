package progress

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Rollout is the progress of a Deployment's rollout.
type Rollout struct {
	Done bool
	Line string   // a summary
	Why  []string // why it is not done, a line for each pod

	NotReady string // a pod that is not ready; empty: none
	Broken   string // a pod whose container would exit in the same way again
	// TerminationMessage is that of the container of NotReady, from the pod's status:
	// the end of its log, if its terminationMessagePolicy says so.
	TerminationMessage string
}

// exitMisused is the controller's exit code for errors that an operator has to fix.
const exitMisused = 2

// startTime is how long a process may take to pass its probes before their failure
// is reported.
const startTime = 15 * time.Second

// OfRollout returns the progress of a Deployment, by its newest pods and the events
// about them.
func OfRollout(d *appsv1.Deployment, pods []corev1.Pod, events []corev1.Event, now time.Time) Rollout {
	wanted := int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	s := d.Status
	r := Rollout{
		Done: s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == wanted && s.Replicas == wanted && s.AvailableReplicas == wanted,
		Line: fmt.Sprintf("%d of %d replicas ready", min(s.AvailableReplicas, s.UpdatedReplicas), wanted),
	}
	if r.Done {
		return r
	}
	for i := range pods {
		if pod := &pods[i]; !isReady(pod) && pod.DeletionTimestamp == nil {
			r.note(pod, events, now)
		}
	}
	if len(pods) == 0 {
		r.Why = append(r.Why, deploymentFailures(d)...)
	}
	return r
}

// note records why a pod is not ready. Its status takes precedence over events.
func (r *Rollout) note(pod *corev1.Pod, events []corev1.Event, now time.Time) {
	r.NotReady, r.TerminationMessage = pod.Name, ""
	for _, s := range pod.Status.ContainerStatuses {
		ended := cmp.Or(s.State.Terminated, s.LastTerminationState.Terminated)
		if ended == nil || s.Ready {
			continue
		}
		r.TerminationMessage = ended.Message
		if ended.ExitCode == exitMisused {
			r.Broken = pod.Name
		}
	}
	why := WhyNotReady(pod)
	if warning := lastWarning(events, pod, now); why == "" && warning != nil {
		why = sentence(warning.Reason, warning.Message)
	}
	if why != "" {
		r.Why = append(r.Why, "pod "+pod.Name+": "+why)
	}
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func lastWarning(events []corev1.Event, pod *corev1.Pod, now time.Time) *corev1.Event {
	starting := isStarting(pod, now)
	var last *corev1.Event
	for i := range events {
		e := &events[i]
		about := e.InvolvedObject.Kind == "Pod" && e.InvolvedObject.Name == pod.Name && e.Type == corev1.EventTypeWarning
		if !about || (starting && e.Reason == "Unhealthy") {
			continue
		}
		if last == nil || !e.LastTimestamp.Before(&last.LastTimestamp) {
			last = e
		}
	}
	return last
}

// isStarting reports whether no container of a pod runs, or one has just started and
// may not pass its probe yet.
func isStarting(pod *corev1.Pod, now time.Time) bool {
	var last time.Time
	for _, s := range pod.Status.ContainerStatuses {
		if at := runningSince(s); at.After(last) {
			last = at
		}
	}
	return last.IsZero() || now.Sub(last) < startTime
}

// deploymentFailures returns why a Deployment has no pods, such as a quota.
func deploymentFailures(d *appsv1.Deployment) []string {
	var said []string
	for _, c := range d.Status.Conditions {
		failed := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue
		if failed || (c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse) {
			said = append(said, sentence(c.Reason, c.Message))
		}
	}
	return said
}

package simulation

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// pod returns the pod if it still exists.
func (w *world) pod(l *life) *corev1.Pod {
	pod, ok := w.api.get(pods, l.pod).(*corev1.Pod)
	if !ok || !metav1.IsControlledBy(pod, l.job) {
		return nil
	}
	return pod
}

func (w *world) alterPod(l *life, f func(*corev1.Pod)) { alter(w, pods, l.pod, f) }

// createPod creates the pod of a Job, unless the Job was stopped or deleted.
func (w *world) createPod(l *life) {
	job := w.job(l)
	if job == nil || l.concl || isStopped(job) {
		return
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: l.pod, Namespace: namespace,
			Labels: job.Spec.Template.Labels, Annotations: job.Spec.Template.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec:   *job.Spec.Template.Spec.DeepCopy(),
		Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: waiting("")},
	}
	if w.injects(l) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "proxy", Image: "proxy:1"})
	}
	w.note("job-ctl", "create", "pods/"+l.pod, "")
	w.must(w.api.create(pods, pod))
	w.oracle.podCreated(l)
	w.schedule(l, 0)
}

func waiting(reason string) []corev1.ContainerStatus {
	return []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}
}

// schedule is the scheduler: it binds the pod to its node as soon as the node permits it.
func (w *world) schedule(l *life, n int) {
	w.after(roll(w.seed, n, "schedule", l.pod).between(10*time.Millisecond, 2*time.Second), func() {
		pod := w.pod(l)
		if pod == nil || pod.DeletionTimestamp != nil {
			return
		}
		node := w.node(l.key.Node)
		if node == nil || node.Spec.Unschedulable || !isReady(node) {
			if n == 0 {
				w.alterPod(l, func(pod *corev1.Pod) {
					pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}
				})
			}
			w.schedule(l, n+1)
			return
		}
		w.alterPod(l, func(pod *corev1.Pod) {
			pod.Spec.NodeName = node.Name
			pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}
		})
		w.startPod(l, 0)
	})
}

// startPod is the kubelet: it starts the container.
func (w *world) startPod(l *life, n int) {
	w.after(roll(w.seed, n, "start", l.pod).between(100*time.Millisecond, 4*time.Second), func() {
		pod := w.pod(l)
		switch {
		case pod == nil || pod.DeletionTimestamp != nil:
			return
		case !w.alive(l):
			w.startPod(l, n+1)
			return
		case !w.giveToken(l):
			w.startPod(l, n+1)
			return
		case w.draw("never", l.pod).chance(w.scenario.never):
			w.note("kubelet", "waits", l.pod, "ImagePullBackOff")
			w.alterPod(l, func(pod *corev1.Pod) { pod.Status.ContainerStatuses = waiting("ImagePullBackOff") })
			return
		}
		w.note("kubelet", "run", l.pod, "")
		l.running = true
		w.oracle.podStarts(l)
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		w.alterPod(l, func(pod *corev1.Pod) {
			pod.Status.Phase, pod.Status.StartTime = corev1.PodRunning, &now
			pod.Status.ContainerStatuses = allRunning(pod.Spec.Containers, now)
			pod.Status.InitContainerStatuses = allRunning(pod.Spec.InitContainers, now)
		})
		w.after(w.oracle.records[l.key.Execution].plan.Settings.JobTimeout+w.draw("timeout", l.pod).between(0, time.Second)+w.toEnd(l), func() {
			w.endPod(l, 137, "DeadlineExceeded", 0)
		})
		if !w.draw("hangs", l.pod).chance(w.scenario.hangs) {
			w.work.Go(func() { w.runContainer(l) })
		}
	})
}

// endPod is the kubelet: it reports that the container has ended, as soon as it can.
func (w *world) endPod(l *life, exitCode int32, reason string, n int) {
	if !l.running || l.ended {
		return
	}
	if !w.alive(l) {
		w.after(roll(w.seed, n, "end", l.pod, reason).between(time.Second, 3*time.Second), func() { w.endPod(l, exitCode, reason, n+1) })
		return
	}
	if reason == "" && w.injects(l) {
		w.workDone(l, exitCode)
		return
	}
	w.terminated(l, exitCode, reason)
}

// injects reports whether admission adds a container to the pod.
func (w *world) injects(l *life) bool {
	return w.draw("inject", l.pod).chance(w.scenario.injected)
}

func allRunning(containers []corev1.Container, since metav1.Time) (all []corev1.ContainerStatus) {
	for _, c := range containers {
		all = append(all, corev1.ContainerStatus{Name: c.Name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}})
	}
	return all
}

// workDone reports that the container with the work has ended, although the pod has not.
func (w *world) workDone(l *life, exitCode int32) {
	pod := w.pod(l)
	if l.done || pod == nil {
		return
	}
	l.done = true
	w.note("kubelet", "work done", l.pod, "")
	w.alterPod(l, func(pod *corev1.Pod) {
		main := &pod.Status.ContainerStatuses[0].State
		main.Terminated, main.Running = terminatedNow(main.Running, exitCode), nil
	})
	inTime := time.Now().Before(pod.Status.StartTime.Add(time.Duration(*pod.Spec.ActiveDeadlineSeconds) * time.Second))
	if l.deleted.IsZero() && inTime { // a stop deletes the pod only after a while
		w.oracle.podEnded(l, exitCode == 0)
	}
}

func terminatedNow(was *corev1.ContainerStateRunning, exitCode int32) *corev1.ContainerStateTerminated {
	end := &corev1.ContainerStateTerminated{ExitCode: exitCode, FinishedAt: metav1.NewTime(time.Now().Truncate(time.Second))}
	if was != nil {
		end.StartedAt = was.StartedAt
	}
	return end
}

// terminated reports that the pod has ended.
func (w *world) terminated(l *life, exitCode int32, reason string) {
	if l.ended {
		return
	}
	l.ended = true
	close(l.gone)
	pod := w.pod(l)
	if pod == nil {
		return
	}
	phase := corev1.PodFailed
	if exitCode == 0 {
		phase = corev1.PodSucceeded
	}
	w.note("kubelet", string(phase), l.pod, reason)
	w.alterPod(l, func(pod *corev1.Pod) {
		pod.Status.Phase, pod.Status.Reason = phase, reason
		for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
			for i := range statuses {
				if s := &statuses[i].State; s.Terminated == nil {
					*s = corev1.ContainerState{Terminated: terminatedNow(s.Running, exitCode)}
				}
			}
		}
	})
	w.oracle.podEnded(l, exitCode == 0)
	w.jobConcludes(l, exitCode == 0)
}

// deletePod begins the deletion of the pod, which lasts until its container ends.
func (w *world) deletePod(l *life) {
	pod := w.pod(l)
	if pod == nil || pod.DeletionTimestamp != nil {
		return
	}
	grace := l.grace()
	if pod.Spec.NodeName == "" || l.ended {
		grace = 0
	}
	over := metav1.NewTime(time.Now().Truncate(time.Second).Add(grace))
	w.note("cluster", "delete", "pods/"+l.pod, "")
	l.deleted = time.Now()
	w.alterPod(l, func(pod *corev1.Pod) {
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &over, ptr.To(int64(grace/time.Second))
	})
	if pod.Spec.NodeName == "" || l.ended {
		w.after(w.draw("vanish", l.pod).between(time.Millisecond, 50*time.Millisecond), func() { w.vanish(l) })
		return
	}
	w.killPod(l, 0)
}

// toEnd returns how long the container takes to end after SIGTERM.
func (w *world) toEnd(l *life) time.Duration {
	if w.draw("stubborn", l.pod).chance(w.scenario.stubborn) {
		return l.grace()
	}
	return 0
}

func (w *world) killPod(l *life, n int) {
	pause := roll(w.seed, n, "kill", l.pod).between(300*time.Millisecond, 6*time.Second)
	if n == 0 && l.running {
		pause += w.toEnd(l)
	}
	w.after(pause, func() {
		if !w.alive(l) {
			w.killPod(l, n+1)
			return
		}
		w.terminated(l, 137, "")
		w.after(w.draw("vanish", l.pod).between(5*time.Millisecond, time.Second), func() { w.vanish(l) })
	})
}

// vanish removes the pod.
func (w *world) vanish(l *life) {
	if w.pod(l) == nil {
		return
	}
	w.note("cluster", "vanish", "pods/"+l.pod, "")
	w.api.remove(pods, l.pod)
	if !l.ended {
		l.ended = true
		close(l.gone)
		w.jobConcludes(l, false)
	}
}

// alive reports whether the kubelet of the pod's node can act.
func (w *world) alive(l *life) bool {
	node := w.node(l.key.Node)
	return node != nil && isReady(node)
}

// lost removes the pod of a deleted node: the container ends at once, and the pod garbage
// collector deletes the pod later.
func (w *world) lost(l *life) {
	pod := w.pod(l)
	if pod == nil || pod.Spec.NodeName == "" {
		return
	}
	w.after(w.draw("podgc", l.pod).between(5*time.Second, 60*time.Second), func() {
		if w.pod(l) == nil {
			return
		}
		w.terminated(l, 137, "")
		w.vanish(l)
	})
}

func (w *world) node(name string) *corev1.Node {
	node, ok := w.api.get(nodes, name).(*corev1.Node)
	if !ok {
		return nil
	}
	return node
}

// frozenNodeGone reports whether the node of the Job is deleted. A new node of the same
// name does not count.
func (w *world) frozenNodeGone(l *life) bool {
	node := w.node(l.key.Node)
	return node == nil || string(node.UID) != l.job.Annotations[jobspec.NodeUIDAnnotation]
}

func isReady(node *corev1.Node) bool {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

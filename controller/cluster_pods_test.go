package controller

import (
	"maps"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// runJob is the life of a Job and its pod.
func (c *cluster) runJob(job *batchv1.Job) {
	node := job.Annotations[jobspec.NodeAnnotation]
	c.mu.Lock()
	b := c.behaviours[node]
	c.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	pod := podOf(job, node, b)
	if _, err := c.client.CoreV1().Pods(job.Namespace).Create(c.ctx, pod, metav1.CreateOptions{}); err != nil {
		return
	}
	if b.never == "" && !c.hasToken(&job.Spec.Template.Spec) {
		b.never = "CreateContainerConfigError"
	}
	if b.never != "" {
		c.untilStopped(job, pod, "DeadlineExceeded")
		return
	}
	if !c.untilStarted(job, pod, b.startAfter) {
		return
	}
	started := metav1.Now()
	c.count(1)
	pod.Status.Phase = corev1.PodRunning
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}}}
	c.updatePod(pod)
	if b.lingers {
		if c.untilTold(job, pod) {
			c.addCondition(job.Name, batchv1.JobFailureTarget, "DeadlineExceeded")
			c.linger(job, pod, "DeadlineExceeded")
		}
		return
	}
	if b.hangs {
		c.untilStopped(job, pod, "DeadlineExceeded")
		c.count(-1)
		return
	}
	if !c.sleep(b.runFor) {
		return
	}
	if b.injected {
		c.goesOn(job, pod, started, b.exitCode)
		return
	}
	c.count(-1)
	pod.Status.Phase = corev1.PodSucceeded
	if b.exitCode != 0 {
		pod.Status.Phase = corev1.PodFailed
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: b.exitCode, StartedAt: started, FinishedAt: metav1.Now(),
	}}}}
	c.updatePod(pod)
	if !c.sleep(time.Second) { // the real one batches
		return
	}
	condition := batchv1.JobComplete
	if b.exitCode != 0 {
		condition = batchv1.JobFailed
	}
	c.conclude(job.Name, condition, "")
}

// podOf returns the pod of a Job as its controller creates it and the scheduler binds it.
func podOf(job *batchv1.Job, node string, b behaviour) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Name + "-x", Namespace: job.Namespace, UID: types.UID("uid-" + job.Name + "-x"),
			Labels: maps.Clone(job.Spec.Template.Labels), Annotations: job.Spec.Template.Annotations,
			CreationTimestamp: metav1.Now(),
			OwnerReferences:   []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec:   *job.Spec.Template.Spec.DeepCopy(),
		Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: waiting(b.never)},
	}
	pod.Labels[batchv1.JobNameLabel] = job.Name
	pod.Spec.NodeName, pod.Spec.ServiceAccountName = node, "job"
	if b.injected {
		pod.Spec.Containers = append([]corev1.Container{{Name: "proxy"}}, pod.Spec.Containers...)
	}
	return pod
}

func waiting(reason string) []corev1.ContainerStatus {
	return []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}
}

// hasToken reports whether the token that a pod's containers need exists.
func (c *cluster) hasToken(spec *corev1.PodSpec) bool {
	for _, v := range spec.Containers[0].Env {
		if v.ValueFrom == nil || v.ValueFrom.SecretKeyRef == nil {
			continue
		}
		secret, err := c.client.CoreV1().Secrets(testNamespace).Get(c.ctx, v.ValueFrom.SecretKeyRef.Name, metav1.GetOptions{})
		if err != nil || secret.Data[v.ValueFrom.SecretKeyRef.Key] == nil {
			return false
		}
	}
	return true
}

func (c *cluster) sleep(d time.Duration) bool {
	select {
	case <-c.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (c *cluster) updatePod(pod *corev1.Pod) {
	if _, err := c.client.CoreV1().Pods(pod.Namespace).UpdateStatus(c.ctx, pod.DeepCopy(), metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) && c.ctx.Err() == nil {
		c.t.Errorf("update pod: %v", err)
	}
}

// untilStarted waits until the pod starts, unless its Job is stopped before.
func (c *cluster) untilStarted(job *batchv1.Job, pod *corev1.Pod, after time.Duration) bool {
	const poll = 100 * time.Millisecond
	for ; after > 0; after -= poll {
		if !c.sleep(min(after, poll)) || c.failStopped(job, pod, batchv1.JobReasonDeadlineExceeded) {
			return false
		}
	}
	return true
}

// untilStopped waits until the Job's deadline was shortened.
func (c *cluster) untilStopped(job *batchv1.Job, pod *corev1.Pod, reason string) {
	for c.sleep(100 * time.Millisecond) {
		if c.failStopped(job, pod, reason) {
			return
		}
	}
}

// failStopped deletes the pod and fails the Job if its deadline was shortened, as the Job
// controller does. It reports whether the pod's life is over.
func (c *cluster) failStopped(job *batchv1.Job, pod *corev1.Pod, reason string) bool {
	there, err := c.client.BatchV1().Jobs(job.Namespace).Get(c.ctx, job.Name, metav1.GetOptions{})
	if err != nil {
		return true
	}
	if *there.Spec.ActiveDeadlineSeconds != 1 {
		return false
	}
	c.conclude(job.Name, batchv1.JobFailed, reason)
	if err := c.client.CoreV1().Pods(pod.Namespace).Delete(c.ctx, pod.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) && c.ctx.Err() == nil {
		c.t.Errorf("delete pod: %v", err)
	}
	return true
}

// untilTold waits until the Job's deadline was shortened, unless the pod is
// deleted before.
func (c *cluster) untilTold(job *batchv1.Job, pod *corev1.Pod) bool {
	for c.sleep(100 * time.Millisecond) {
		there, err := c.client.BatchV1().Jobs(job.Namespace).Get(c.ctx, job.Name, metav1.GetOptions{})
		its, errPod := c.client.CoreV1().Pods(pod.Namespace).Get(c.ctx, pod.Name, metav1.GetOptions{})
		if err != nil || errPod != nil || its.DeletionTimestamp != nil {
			return false
		}
		if *there.Spec.ActiveDeadlineSeconds == 1 {
			return true
		}
	}
	return false
}

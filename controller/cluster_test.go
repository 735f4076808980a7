package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const (
	testNamespace = "jobs"
	testName      = "check"
)

// behaviour is how the pod of a node's Job behaves.
type behaviour struct {
	startAfter time.Duration // 0: at once
	runFor     time.Duration
	never      string // the waiting reason of a pod that never starts
	hangs      bool   // runs until its deadline, which only the Job's own ends
	lingers    bool   // hangs, and runs for all of its grace period when it is terminated
	injected   bool   // admission adds a container that never ends
	exitCode   int32
}

// cluster plays the API server, the Job controller and the kubelets, in the time of its
// synctest bubble.
type cluster struct {
	t      *testing.T
	client *testkit.Clientset
	ctx    context.Context

	mu         sync.Mutex
	behaviours map[string]behaviour // by node; the zero behaviour succeeds at once
	creates    map[string]int       // successful creates of a Job, by node
	running    int
	mostPods   int
	version    int
}

func newCluster(t *testing.T, nodes ...string) *cluster {
	t.Helper()
	c := &cluster{
		t:          t,
		client:     testkit.NewClientset(),
		ctx:        t.Context(),
		behaviours: map[string]behaviour{},
		creates:    map[string]int{},
	}
	c.client.PrependReactor("create", "jobs", c.onCreate)
	c.client.PrependReactor("update", "configmaps", c.compareVersions)
	c.client.PrependReactor("create", "configmaps", c.giveVersion)
	c.client.PrependReactor("delete-collection", "secrets", c.deleteSecrets)
	for _, name := range nodes {
		c.addNode(name)
	}
	must(t, c.client.Tracker().Add(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: testName, Namespace: testNamespace},
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.7", Ports: []corev1.ServicePort{{Port: 8090}}},
	}))
	return c
}

// react adds a reactor that has the first turn from now on. The fake's own PrependReactor is
// for a client that is not in use yet.
func (c *cluster) react(verb, resource string, reaction clienttesting.ReactionFunc) {
	c.client.Lock()
	defer c.client.Unlock()
	c.client.PrependReactor(verb, resource, reaction)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) addNode(name string, mutate ...func(*corev1.Node)) {
	c.t.Helper()
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"pool": "a"}},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
	for _, f := range mutate {
		f(node)
	}
	must(c.t, c.client.Tracker().Add(node))
}

func (c *cluster) behave(node string, b behaviour) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behaviours[node] = b
}

// The fake API server assigns no UIDs and compares no resource versions: these reactors do.
// They must return at once, because the fake holds a lock that the whole bubble would wait
// for.
func (c *cluster) giveVersion(action clienttesting.Action) (bool, runtimeObject, error) {
	object := action.(clienttesting.CreateAction).GetObject().(*corev1.ConfigMap)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	object.ResourceVersion = fmt.Sprint(c.version)
	object.UID = types.UID("uid-" + object.Name)
	object.Namespace = action.GetNamespace()
	return false, nil, nil
}

func (c *cluster) compareVersions(action clienttesting.Action) (bool, runtimeObject, error) {
	object := action.(clienttesting.UpdateAction).GetObject().(*corev1.ConfigMap)
	there, err := c.client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("configmaps"), action.GetNamespace(), object.Name)
	if err != nil {
		return false, nil, nil //nolint:nilerr // the tracker answers NotFound itself
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := object.ResourceVersion; v != "" && v != there.(*corev1.ConfigMap).ResourceVersion {
		return true, nil, apierrors.NewConflict(corev1.Resource("configmaps"), object.Name, fmt.Errorf("version %s", v))
	}
	c.version++
	object.ResourceVersion = fmt.Sprint(c.version)
	return false, nil, nil
}

// deleteSecrets deletes the selected Secrets, which the fake does not do.
func (c *cluster) deleteSecrets(action clienttesting.Action) (bool, runtimeObject, error) {
	which := action.(clienttesting.DeleteCollectionAction).GetListRestrictions()
	secrets := corev1.SchemeGroupVersion.WithResource("secrets")
	list, err := c.client.Tracker().List(secrets, corev1.SchemeGroupVersion.WithKind("Secret"), action.GetNamespace())
	if err != nil {
		return true, nil, err
	}
	for _, secret := range list.(*corev1.SecretList).Items {
		if which.Labels.Matches(labels.Set(secret.Labels)) && which.Fields.Matches(fields.Set{metav1.ObjectNameField: secret.Name}) {
			if err := c.client.Tracker().Delete(secrets, action.GetNamespace(), secret.Name); err != nil {
				return true, nil, err
			}
		}
	}
	return true, nil, nil
}

func (c *cluster) onCreate(action clienttesting.Action) (bool, runtimeObject, error) {
	job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
	if _, err := c.client.Tracker().Get(batchv1.SchemeGroupVersion.WithResource("jobs"), job.Namespace, job.Name); err == nil {
		return false, nil, nil // the tracker answers AlreadyExists
	}
	job.UID = types.UID("uid-" + job.Name)
	job.CreationTimestamp = metav1.Now()
	c.mu.Lock()
	c.creates[job.Annotations[jobspec.NodeAnnotation]]++
	c.mu.Unlock()
	go c.runJob(job.DeepCopy())
	return false, nil, nil
}

// runJob is the life of a Job and its pod.
func (c *cluster) runJob(job *batchv1.Job) {
	node := job.Annotations[jobspec.NodeAnnotation]
	c.mu.Lock()
	b := c.behaviours[node]
	c.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
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
	if !c.sleep(b.startAfter) {
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

func (c *cluster) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running += n
	c.mostPods = max(c.mostPods, c.running)
}

func (c *cluster) updatePod(pod *corev1.Pod) {
	if _, err := c.client.CoreV1().Pods(pod.Namespace).UpdateStatus(c.ctx, pod.DeepCopy(), metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) && c.ctx.Err() == nil {
		c.t.Errorf("update pod: %v", err)
	}
}

// untilStopped waits until the Job's deadline was shortened, deletes the pod
// and fails the Job, as the Job controller does.
func (c *cluster) untilStopped(job *batchv1.Job, pod *corev1.Pod, reason string) {
	for c.sleep(100 * time.Millisecond) {
		there, err := c.client.BatchV1().Jobs(job.Namespace).Get(c.ctx, job.Name, metav1.GetOptions{})
		if err != nil {
			return
		}
		if *there.Spec.ActiveDeadlineSeconds == 1 {
			c.conclude(job.Name, batchv1.JobFailed, reason)
			if err := c.client.CoreV1().Pods(pod.Namespace).Delete(c.ctx, pod.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) && c.ctx.Err() == nil {
				c.t.Errorf("delete pod: %v", err)
			}
			return
		}
	}
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

// addCondition sets a Job's condition, as conclude does for its last one.
func (c *cluster) addCondition(job string, condition batchv1.JobConditionType, reason string) {
	c.patchStatus(job, map[string]any{"conditions": []batchv1.JobCondition{{
		Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.Now(),
	}}})
}

func (c *cluster) conclude(job string, condition batchv1.JobConditionType, reason string) {
	c.patchStatus(job, map[string]any{"completionTime": metav1.Now(), "conditions": []batchv1.JobCondition{{
		Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: metav1.Now(),
	}}})
}

func (c *cluster) patchStatus(job string, status map[string]any) {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		c.t.Error(err)
		return
	}
	_, err = c.client.BatchV1().Jobs(testNamespace).Patch(c.ctx, job, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) && c.ctx.Err() == nil {
		c.t.Errorf("conclude %s: %v", job, err)
	}
}

// podsAtOnce returns how many pods ran at once, at most.
func (c *cluster) podsAtOnce() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mostPods
}

// created returns how often a Job was created for each node.
func (c *cluster) created() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int, len(c.creates))
	for node, n := range c.creates {
		all[node] = n
	}
	return all
}

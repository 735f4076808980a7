package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// caches hold what the controller sees of the cluster: the nodes, its Jobs and
// their pods. They may lag behind, and every decision made from them is safe
// when they do. What a watch misses is there within five minutes. Of each object only the fields that are used are kept.
type caches struct {
	nodes cache.SharedIndexInformer
	jobs  cache.SharedIndexInformer
	pods  cache.SharedIndexInformer
}

// byTask indexes Jobs and pods by the node task they belong to.
const byTask = "task"

func newCaches(client Client, namespace, controller, instance string, clk clock.WithTicker) (*caches, error) {
	ours := jobspec.Selector(controller, jobspec.JobComponent).String()
	c := &caches{
		nodes: newInformer(client, &corev1.Node{}, newListWatch(client.CoreV1().Nodes(), "", clk, relistTime(instance, "nodes"))),
		jobs:  newInformer(client, &batchv1.Job{}, newListWatch(client.BatchV1().Jobs(namespace), ours, clk, relistTime(instance, "jobs"))),
		pods:  newInformer(client, &corev1.Pod{}, newListWatch(client.CoreV1().Pods(namespace), ours, clk, relistTime(instance, "pods"))),
	}
	return c, errors.Join(
		c.nodes.SetTransform(trimNode),
		c.jobs.SetTransform(trimJob),
		c.pods.SetTransform(trimPod),
		c.jobs.AddIndexers(cache.Indexers{byTask: indexByTask}),
		c.pods.AddIndexers(cache.Indexers{byTask: indexByTask}),
	)
}

func newInformer(client Client, example runtime.Object, lw *cache.ListWatch) cache.SharedIndexInformer {
	const noResync = 0
	return cache.NewSharedIndexInformer(cache.ToListWatcherWithWatchListSemantics(lw, client), example, noResync, cache.Indexers{})
}

func indexByTask(object any) ([]string, error) {
	accessor, ok := object.(metav1.Object)
	if !ok {
		return nil, nil
	}
	key, ok := jobspec.KeyOf(accessor)
	if !ok {
		return nil, nil
	}
	return []string{indexValue(key)}, nil
}

func indexValue(key execution.Key) string { return string(key.Execution) + "/" + key.Node }

// run fills the caches and keeps them so until ctx ends.
func (c *caches) run(ctx context.Context) {
	for _, informer := range c.all() {
		go informer.RunWithContext(ctx)
	}
}

func (c *caches) all() []cache.SharedIndexInformer {
	return []cache.SharedIndexInformer{c.nodes, c.jobs, c.pods}
}

func (c *caches) synced() bool {
	for _, informer := range c.all() {
		if !informer.HasSynced() {
			return false
		}
	}
	return true
}

func (c *caches) waitForSync(ctx context.Context) error {
	for _, informer := range c.all() {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return fmt.Errorf("caches did not fill: %w", context.Cause(ctx))
		}
	}
	return nil
}

// listNodes returns all nodes of the cluster.
func (c *caches) listNodes() []*corev1.Node {
	objects := c.nodes.GetStore().List()
	nodes := make([]*corev1.Node, 0, len(objects))
	for _, object := range objects {
		if node, ok := object.(*corev1.Node); ok {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// hasNode reports whether the very node is there: one of its name that was
// created later is another.
func (c *caches) hasNode(node execution.Node) bool {
	object, found, err := c.nodes.GetStore().GetByKey(node.Name)
	if err != nil || !found {
		return false
	}
	there, ok := object.(*corev1.Node)
	return ok && string(there.UID) == node.UID
}

// job returns the Job of the name, or nil.
func (c *caches) job(namespace, name string) *batchv1.Job {
	object, found, err := c.jobs.GetStore().GetByKey(namespace + "/" + name)
	if err != nil || !found {
		return nil
	}
	job, ok := object.(*batchv1.Job)
	if !ok {
		return nil
	}
	return job
}

// pod returns the pod of the name, or nil.
func (c *caches) pod(namespace, name string) *corev1.Pod {
	object, found, err := c.pods.GetStore().GetByKey(namespace + "/" + name)
	if err != nil || !found {
		return nil
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return nil
	}
	return pod
}

// podsOf returns the pods of a Job.
func (c *caches) podsOf(job *batchv1.Job, key execution.Key) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range c.podsOfTask(key) {
		if metav1.IsControlledBy(pod, job) {
			pods = append(pods, pod)
		}
	}
	return pods
}

// podsOfTask returns the pods that say they belong to the node task.
func (c *caches) podsOfTask(key execution.Key) []*corev1.Pod {
	objects, err := c.pods.GetIndexer().ByIndex(byTask, indexValue(key))
	if err != nil {
		return nil
	}
	pods := make([]*corev1.Pod, 0, len(objects))
	for _, object := range objects {
		if pod, ok := object.(*corev1.Pod); ok {
			pods = append(pods, pod)
		}
	}
	return pods
}

// jobsOf returns the Jobs that say they belong to one of the executions,
// ordered by name: two runs of a test then do the same.
func (c *caches) jobsOf(ids map[execution.ID]bool) []*batchv1.Job {
	var jobs []*batchv1.Job
	for _, object := range c.jobs.GetStore().List() {
		job, ok := object.(*batchv1.Job)
		if !ok {
			continue
		}
		if key, ok := jobspec.KeyOf(job); ok && ids[key.Execution] {
			jobs = append(jobs, job)
		}
	}
	slices.SortFunc(jobs, func(a, b *batchv1.Job) int { return strings.Compare(a.Name, b.Name) })
	return jobs
}

// notify calls f with the node task of each Job and pod that changes, and gone
// with the name of each node that is deleted or replaced. Handlers turn events
// into keys and do nothing else: a key may be worked on at any time, any
// number of times.
func (c *caches) notify(f func(execution.Key), gone func(node string)) error {
	task := handlers(func(object any) {
		if accessor, ok := object.(metav1.Object); ok {
			if key, ok := jobspec.KeyOf(accessor); ok {
				f(key)
			}
		}
	})
	_, errJobs := c.jobs.AddEventHandler(task)
	_, errPods := c.pods.AddEventHandler(task)
	_, errNodes := c.nodes.AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(before, after any) {
			was, isNode := before.(*corev1.Node)
			is, areNodes := after.(*corev1.Node)
			if isNode && areNodes && was.UID != is.UID {
				gone(is.Name)
			}
		},
		DeleteFunc: func(object any) {
			if node, ok := withoutTombstone(object).(*corev1.Node); ok {
				gone(node.Name)
			}
		},
	})
	return errors.Join(errJobs, errPods, errNodes)
}

func handlers(f func(any)) cache.ResourceEventHandlerFuncs {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    f,
		UpdateFunc: func(_, after any) { f(after) },
		DeleteFunc: func(object any) { f(withoutTombstone(object)) },
	}
}

// withoutTombstone unwraps an object whose deletion the watch missed.
func withoutTombstone(object any) any {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		return tombstone.Obj
	}
	return object
}

func trimNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.Node{
		ObjectMeta: trimMeta(node.ObjectMeta),
		Spec:       corev1.NodeSpec{Unschedulable: node.Spec.Unschedulable, Taints: node.Spec.Taints},
	}
	trimmed.Annotations = nil
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			trimmed.Status.Conditions = []corev1.NodeCondition{{Type: condition.Type, Status: condition.Status}}
		}
	}
	return trimmed, nil
}

func trimJob(object any) (any, error) {
	job, ok := object.(*batchv1.Job)
	if !ok {
		return object, nil
	}
	return &batchv1.Job{
		ObjectMeta: trimMeta(job.ObjectMeta),
		Spec:       batchv1.JobSpec{BackoffLimit: job.Spec.BackoffLimit},
		Status: batchv1.JobStatus{
			Conditions:     job.Status.Conditions,
			CompletionTime: job.Status.CompletionTime,
		},
	}, nil
}

func trimPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.Pod{
		ObjectMeta: trimMeta(pod.ObjectMeta),
		Spec: corev1.PodSpec{
			NodeName:           pod.Spec.NodeName,
			ServiceAccountName: pod.Spec.ServiceAccountName,
			InitContainers:     trimContainers(pod.Spec.InitContainers),
			Containers:         trimContainers(pod.Spec.Containers),
		},
		Status: corev1.PodStatus{
			Phase:                      pod.Status.Phase,
			Reason:                     pod.Status.Reason,
			Message:                    pod.Status.Message,
			InitContainerStatuses:      trimStatuses(pod.Status.InitContainerStatuses),
			ContainerStatuses:          trimStatuses(pod.Status.ContainerStatuses),
			EphemeralContainerStatuses: trimStatuses(pod.Status.EphemeralContainerStatuses),
		},
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled || condition.Type == corev1.DisruptionTarget {
			trimmed.Status.Conditions = append(trimmed.Status.Conditions, condition)
		}
	}
	return trimmed, nil
}

// trimContainers keeps which containers there are, and which of them are
// sidecars.
func trimContainers(containers []corev1.Container) []corev1.Container {
	trimmed := make([]corev1.Container, 0, len(containers))
	for _, c := range containers {
		trimmed = append(trimmed, corev1.Container{Name: c.Name, RestartPolicy: c.RestartPolicy})
	}
	return trimmed
}

func trimStatuses(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	trimmed := make([]corev1.ContainerStatus, 0, len(statuses))
	for _, s := range statuses {
		trimmed = append(trimmed, corev1.ContainerStatus{
			Name: s.Name, State: s.State, LastTerminationState: s.LastTerminationState, RestartCount: s.RestartCount,
		})
	}
	return trimmed
}

func trimMeta(meta metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:                       meta.Name,
		Namespace:                  meta.Namespace,
		UID:                        meta.UID,
		ResourceVersion:            meta.ResourceVersion,
		CreationTimestamp:          meta.CreationTimestamp,
		DeletionTimestamp:          meta.DeletionTimestamp,
		DeletionGracePeriodSeconds: meta.DeletionGracePeriodSeconds,
		Labels:                     meta.Labels,
		Annotations:                meta.Annotations,
		OwnerReferences:            meta.OwnerReferences,
	}
}

package kube

import (
	"cmp"
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

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Caches are the caches of the nodes, the controller's Jobs and their pods. They may lag,
// and every decision is safe with stale objects. An event that a watch misses is
// recovered within five minutes. Of each object, only the needed fields are kept.
type Caches struct {
	nodes cache.SharedIndexInformer
	jobs  cache.SharedIndexInformer
	pods  cache.SharedIndexInformer
}

// byTask indexes Jobs and pods by the node task they belong to.
const byTask = "task"

// byNode indexes pods by node.
const byNode = "node"

// NewCaches returns caches of the nodes, and of the Jobs and pods of a controller. They
// are empty until Run.
func NewCaches(client Client, namespace, controller, instance string, clk clock.WithTicker, jitter backoff.Jitter) (*Caches, error) {
	ours := jobspec.Selector(controller, jobspec.JobComponent).String()
	c := &Caches{
		nodes: newInformer(client, &corev1.Node{}, newListWatch(client.CoreV1().Nodes(), "", clk, relistTime(instance, "nodes"), jitter)),
		jobs:  newInformer(client, &batchv1.Job{}, newListWatch(client.BatchV1().Jobs(namespace), ours, clk, relistTime(instance, "jobs"), jitter)),
		pods:  newInformer(client, &corev1.Pod{}, newListWatch(client.CoreV1().Pods(namespace), ours, clk, relistTime(instance, "pods"), jitter)),
	}
	return c, errors.Join(
		c.nodes.SetTransform(trimNode),
		c.jobs.SetTransform(trimJob),
		c.pods.SetTransform(trimPod),
		c.jobs.AddIndexers(cache.Indexers{byTask: indexByTask}),
		c.pods.AddIndexers(cache.Indexers{byTask: indexByTask, byNode: indexByNode}),
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

func indexByNode(object any) ([]string, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok || pod.Spec.NodeName == "" {
		return nil, nil
	}
	return []string{pod.Spec.NodeName}, nil
}

func indexValue(key execution.Key) string { return string(key.Execution) + "/" + key.Node }

// Run fills the caches and keeps them up to date until ctx ends.
func (c *Caches) Run(ctx context.Context) {
	for _, informer := range c.all() {
		go informer.RunWithContext(ctx)
	}
}

func (c *Caches) all() []cache.SharedIndexInformer {
	return []cache.SharedIndexInformer{c.nodes, c.jobs, c.pods}
}

// Synced reports whether all caches have synced.
func (c *Caches) Synced() bool {
	for _, informer := range c.all() {
		if !informer.HasSynced() {
			return false
		}
	}
	return true
}

// WaitForSync waits until all caches have synced, or ctx ends.
func (c *Caches) WaitForSync(ctx context.Context) error {
	for _, informer := range c.all() {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return fmt.Errorf("caches did not sync: %w", context.Cause(ctx))
		}
	}
	return nil
}

// Nodes returns all nodes of the cluster.
func (c *Caches) Nodes() []*corev1.Node {
	objects := c.nodes.GetStore().List()
	nodes := make([]*corev1.Node, 0, len(objects))
	for _, object := range objects {
		if node, ok := object.(*corev1.Node); ok {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// Node returns the node of a name and UID, or nil: a node of the same name that was
// created later is a different node.
func (c *Caches) Node(node execution.Node) *corev1.Node {
	object, found, err := c.nodes.GetStore().GetByKey(node.Name)
	if err != nil || !found {
		return nil
	}
	current, ok := object.(*corev1.Node)
	if !ok || string(current.UID) != node.UID {
		return nil
	}
	return current
}

// Job returns the Job of the name, or nil.
func (c *Caches) Job(namespace, name string) *batchv1.Job {
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

// JobOf returns the Job of a node task, or nil. Because any client can write labels, it has to
// have the name that follows from them, and be the oldest of several.
func (c *Caches) JobOf(key execution.Key) *batchv1.Job {
	objects, err := c.jobs.GetIndexer().ByIndex(byTask, indexValue(key))
	if err != nil {
		return nil
	}
	var oldest *batchv1.Job
	for _, object := range objects {
		job, ok := object.(*batchv1.Job)
		if ok && jobspec.HasJobName(job, key) && (oldest == nil || isOlder(job, oldest)) {
			oldest = job
		}
	}
	return oldest
}

func isOlder(a, b *batchv1.Job) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name)) < 0
}

// Pod returns the pod of the name, or nil.
func (c *Caches) Pod(namespace, name string) *corev1.Pod {
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

// PodsOf returns the pods of a Job.
func (c *Caches) PodsOf(job *batchv1.Job, key execution.Key) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range c.PodsOfTask(key) {
		if metav1.IsControlledBy(pod, job) {
			pods = append(pods, pod)
		}
	}
	return pods
}

// PodsOfDeleted returns the remaining pods of a deleted Job.
func (c *Caches) PodsOfDeleted(job string, key execution.Key) []*corev1.Pod {
	return slices.DeleteFunc(c.PodsOfTask(key), func(pod *corev1.Pod) bool { return !IsOfJob(pod, job) })
}

// IsOfJob reports whether a pod belongs to a Job of the name, which may be deleted.
func IsOfJob(pod *corev1.Pod, job string) bool {
	owner := metav1.GetControllerOf(pod)
	return owner != nil && owner.Kind == "Job" && owner.Name == job
}

// PodsOfTask returns the pods with the labels of the node task.
func (c *Caches) PodsOfTask(key execution.Key) []*corev1.Pod {
	return c.podsBy(byTask, indexValue(key))
}

// PodsOfOthers returns the pods of the definition's other node tasks on the task's node. Those of
// other definitions may run beside it.
func (c *Caches) PodsOfOthers(definition string, key execution.Key) []*corev1.Pod {
	return slices.DeleteFunc(c.podsBy(byNode, key.Node), func(pod *corev1.Pod) bool {
		other, ok := jobspec.KeyOf(pod)
		owner := metav1.GetControllerOf(pod)
		of := pod.Labels[jobspec.NodeCronJobLabel] // none: it may be any's
		return !ok || other == key || owner == nil || owner.Kind != "Job" || (of != "" && of != definition)
	})
}

func (c *Caches) podsBy(index, value string) []*corev1.Pod {
	objects, err := c.pods.GetIndexer().ByIndex(index, value)
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

// JobsOf returns the Jobs with the label of one of the executions, ordered by name, so
// that tests are deterministic.
func (c *Caches) JobsOf(ids map[execution.ID]bool) []*batchv1.Job {
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

// NewestExecution returns the newest execution that has a Job; nothing if none has.
func (c *Caches) NewestExecution() (newest execution.ID) {
	for _, object := range c.jobs.GetStore().List() {
		if job, ok := object.(*batchv1.Job); ok {
			if key, ok := jobspec.KeyOf(job); ok {
				newest = max(newest, key.Execution)
			}
		}
	}
	return newest
}

// Notify calls f with the node task of each Job and pod that changes, and node with the
// name of each node that is deleted, replaced, or becomes unreachable. Handlers only map
// events to keys: a key may be processed at any time, any number of times.
func (c *Caches) Notify(f func(execution.Key), node func(name string)) error {
	task := OnChange(func(object any) {
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
			old, oldOK := before.(*corev1.Node)
			current, currentOK := after.(*corev1.Node)
			if oldOK && currentOK && (old.UID != current.UID || !plan.UnreachableSince(old).Equal(plan.UnreachableSince(current))) {
				node(current.Name)
			}
		},
		DeleteFunc: func(object any) {
			if deleted, ok := withoutTombstone(object).(*corev1.Node); ok {
				node(deleted.Name)
			}
		},
	})
	return errors.Join(errJobs, errPods, errNodes)
}

// OnChange returns handlers that call f with each object that is added, changed or
// deleted.
func OnChange(f func(any)) cache.ResourceEventHandlerFuncs {
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

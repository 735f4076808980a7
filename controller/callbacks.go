package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

// resultStore keeps what pods send.
type resultStore interface {
	// CreateResult stores the first result of a node. If there is one already the
	// error wraps fs.ErrExist, unless it is the same.
	CreateResult(key execution.Key, body []byte) error
	// ClaimResults has results be replaced under this claim only.
	ClaimResults(claim string) error
	// ReplaceResult stores a result in place of an earlier one. The error wraps
	// execution.ErrNotLeader if there is another claim by then.
	ReplaceResult(key execution.Key, body []byte, claim string) error
	// SaveFile stores a file under the node's name. An empty name gets a
	// generated one. Nodes are those of the execution: a name that would be
	// another node's is refused.
	SaveFile(key execution.Key, name, contentType string, nodes []string, body io.Reader) (stored string, err error)
	// FileSize returns the size of the file that one of this name would replace.
	FileSize(key execution.Key, name string) (size int64, there bool)
	// Files yields all files of the nodes, each as its node and its size.
	Files(id execution.ID, nodes []string) iter.Seq2[string, int64]
	HasResult(key execution.Key) bool
	// Result returns the result of a node, or nil if it has none.
	Result(key execution.Key) ([]byte, error)
}

// Redactor covers the credentials of callbacks, and nothing else, in results,
// events and logs. Files are the pods' own.
func (c *Controller) Redactor() *route.Redactor { return c.redactor }

// Result takes the result of a node task: checked, covered, stored, exported.
func (c *Controller) Result(_ context.Context, key execution.Key, body []byte) (redacted int, err error) {
	open, task, err := c.accept(key)
	if err != nil {
		return 0, err
	}
	defer open.taking.Done()
	// Two results of a node are merged one after the other, and exported in the
	// same order.
	defer c.merging.lock(key)()
	result, err := c.takeResult(open, task, body)
	if err != nil {
		return 0, err
	}
	if c.isReported(key.Execution) {
		// Another leader, of whom this one does not know yet, may have looked for
		// results for the last time.
		return 0, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, key.Execution)
	}
	c.Metrics.ResultStored(result.New)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.role == standby {
		return result.Covered, nil // it stood down meanwhile: the leader exports what is stored
	}
	c.export(key, result.Samples)
	c.noteReported(open, task.Index)
	return result.Covered, nil
}

// noteReported takes down that the task's result is there. The caller holds
// c.mu.
func (c *Controller) noteReported(open *openExecution, index int) {
	open.ledger.NoteReported(index)
	c.exportTask(open, index)
}

// noteHeard takes down that a file or an event of the task was taken. Where a
// result is optional, that is as good as one. The caller holds c.mu.
func (c *Controller) noteHeard(open *openExecution, index int) {
	open.ledger.NoteHeard(index)
	if open.record.Plan.Settings.ResultOptional {
		c.exportTask(open, index)
	}
}

// heardOf is noteHeard for a file or an event, which may be taken while the
// execution closes: its report is then all that counts.
func (c *Controller) heardOf(open *openExecution, index int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == open && !open.closing {
		c.noteHeard(open, index)
	}
}

// exportTask exports how the task stands. A node that has reported shows as good
// until its pod ends badly. The caller holds c.mu.
func (c *Controller) exportTask(open *openExecution, index int) {
	node := open.nodeNames[index]
	now, _ := open.ledger.Task(node)
	c.exportOutcome(execution.Key{Execution: open.record.Plan.ID, Node: node}, now.Duration().Milliseconds(), now.Bad())
}

// maxLoggedName bounds a file's name in the log, in bytes.
const maxLoggedName = 256

// File takes a file of a node task, and returns the name it is stored under.
func (c *Controller) File(_ context.Context, key execution.Key, name, contentType string, body io.Reader) (stored string, err error) {
	open, task, err := c.accept(key)
	if err != nil {
		return "", err
	}
	open.taking.Done() // a slow upload does not hold up the end of the execution
	up, err := c.beginUpload(open, task, name, body)
	if err != nil {
		return "", err
	}
	defer func() { up.end(stored != "") }()
	stored, err = c.Store.SaveFile(key, name, contentType, open.nodeNames, up)
	if err != nil {
		if !isUnwanted(err) {
			c.Metrics.StoreError("file")
		}
		return "", fmt.Errorf("store file: %w", err)
	}
	c.heardOf(open, task.Index)
	if name != "" && !strings.HasSuffix(stored, "-"+name) {
		// The name is the pod's own, and may hold its token.
		c.Log.Info("file renamed", "execution", key.Execution, "node", key.Node,
			"name", route.Mask(execution.Truncate(name, maxLoggedName)), "stored", route.Mask(stored))
	}
	return stored, nil
}

// Event writes a Kubernetes Event about the pod of a node task.
func (c *Controller) Event(ctx context.Context, key execution.Key, e execution.Event) error {
	if err := kube.CheckPodEvent(e); err != nil {
		return err
	}
	open, task, err := c.accept(key)
	if err != nil {
		return err
	}
	open.taking.Done()
	if !c.leads() {
		return fmt.Errorf("%w: it takes one to write an event", execution.ErrNotLeader)
	}
	now := c.Clock.Now()
	if err := open.quota.do(func(q *plan.Quota) error { return q.TakeEvent(task.Index, now) }); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	about, err := c.eventObject(ctx, key)
	if err == nil {
		err = c.events.Relay(ctx, about, e)
	}
	switch {
	case err == nil:
		c.heardOf(open, task.Index)
		return nil
	case isUnanswered(err):
		open.quota.returnEvent(task.Index)
		return fmt.Errorf("%w: %w", execution.ErrNoAnswer, err)
	}
	c.Log.Warn("event of a pod not written", "execution", key.Execution, "node", key.Node, "error", err)
	return fmt.Errorf("%w: the event could not be written", execution.ErrUnavailable)
}

// isUnanswered reports whether the API server cannot be reached, rather than
// refusing what it was asked for.
func isUnanswered(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || apierrors.IsServiceUnavailable(err)
}

// accept checks that the node task exists and may report. The execution does
// not close before its taking is done. What a replica does not know that may
// have lost the Lease it leaves to the leader, whom it has not heard of yet.
func (c *Controller) accept(key execution.Key) (*openExecution, execution.Task, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.takesCallbacks() {
		return nil, execution.Task{}, execution.ErrNotLeader
	}
	open, task, err := c.find(key)
	if err != nil && !c.surelyLeads() {
		return nil, execution.Task{}, fmt.Errorf("%w any more: %w", execution.ErrNotLeader, err)
	}
	if err != nil {
		return nil, execution.Task{}, err
	}
	open.taking.Add(1)
	return open, task, nil
}

// surelyLeads reports whether no other replica can lead. The caller holds c.mu.
func (c *Controller) surelyLeads() bool {
	if c.role != leading {
		return false
	}
	_, done, err := c.fence(context.Background()) // it is asked, not written with
	if err != nil {
		return false
	}
	done()
	return true
}

// find returns the node task if it may report. The caller holds c.mu.
func (c *Controller) find(key execution.Key) (*openExecution, execution.Task, error) {
	switch {
	case c.open == nil || c.open.record.Plan.ID != key.Execution || c.open.closing:
		if c.known[key.Execution] {
			return nil, execution.Task{}, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, key.Execution)
		}
		return nil, execution.Task{}, fmt.Errorf("%w: %s", execution.ErrUnknownExecution, key.Execution)
	}
	task, ok := c.open.ledger.Task(key.Node)
	if !ok {
		return nil, execution.Task{}, fmt.Errorf("%w: %s", execution.ErrUnknownNode, key.Node)
	}
	return c.open, task, plan.AcceptCallback(task, c.open.ledger.Admitted(task.Index), c.Clock.Now())
}

func (c *Controller) leads() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.role == leading
}

// isReported reports whether the execution's report is written.
func (c *Controller) isReported(id execution.ID) bool {
	_, err := c.Store.Report(id)
	return !errors.Is(err, fs.ErrNotExist)
}

// findResult takes over a result that is on the disk and that this process did
// not take: an earlier leader did, after this one had looked.
func (c *Controller) findResult(open *openExecution, index int) {
	key := execution.Key{Execution: open.id, Node: open.nodeNames[index]}
	if !c.Store.HasResult(key) {
		return
	}
	for _, body := range c.Store.Results(key.Execution, []string{key.Node}) {
		c.exportResult(key, body)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteReported(open, index)
}

// export replaces what the node exports.
func (c *Controller) export(key execution.Key, samples metrics.Samples) {
	c.countDropped(key, c.Results.SetResult(key, samples))
}

// exportOutcome exports how a node task went.
func (c *Controller) exportOutcome(key execution.Key, durationMS int64, bad bool) {
	c.countDropped(key, c.Results.SetTask(key, durationMS, bad))
}

// countDropped counts series that are not exported any more, or not at all.
func (c *Controller) countDropped(key execution.Key, dropped int) {
	if dropped == 0 {
		return
	}
	c.Metrics.SeriesDropped(dropped)
	log := c.Log.Debug
	if c.seriesDropped.Swap(key.Execution) != key.Execution { // it is worth one warning
		log = c.Log.Warn
	}
	log("there are too many series: some are not exported any more, or not at all",
		"execution", key.Execution, "node", key.Node, "dropped", dropped)
}

// eventObject returns what an event is about: the pod, or the Job when the
// cache and the API server do not have the pod.
func (c *Controller) eventObject(ctx context.Context, key execution.Key) (corev1.ObjectReference, error) {
	name := jobspec.JobName(c.config().Name, key)
	if job := c.caches.Job(c.Namespace, name); job != nil {
		if pod := plan.NewestPod(c.caches.PodsOf(job, key)); pod != nil {
			return reference("v1", "Pod", pod), nil
		}
	}
	job, err := c.Client.BatchV1().Jobs(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return corev1.ObjectReference{}, fmt.Errorf("read Job %s: %w", name, err)
	}
	pods, err := c.Client.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=" + name})
	if err == nil {
		for i := range pods.Items {
			if metav1.IsControlledBy(&pods.Items[i], job) {
				return reference("v1", "Pod", &pods.Items[i]), nil
			}
		}
	}
	return reference("batch/v1", "Job", job), nil
}

func reference(apiVersion, kind string, object metav1.Object) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: apiVersion, Kind: kind,
		Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
	}
}

package controller

import (
	"context"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// resultStore keeps what pods send.
type resultStore interface {
	SaveResult(key execution.Key, body []byte) error
	// SaveFile stores a file under the node's name. An empty name gets a
	// generated one. Nodes are those of the execution: a name that would be
	// another node's is refused.
	SaveFile(key execution.Key, name, contentType string, nodes []string, body io.Reader) (stored string, err error)
	HasResult(key execution.Key) bool
}

// Result takes the result of a node task: checked, stored, exported.
func (c *Controller) Result(_ context.Context, key execution.Key, body []byte) error {
	open, task, err := c.accept(key)
	if err != nil {
		return err
	}
	samples, err := c.Results.DecodeFor(key, body)
	if err != nil {
		return err
	}
	if err := c.Store.SaveResult(key, body); err != nil {
		c.Metrics.StoreError("result")
		return fmt.Errorf("store result: %w", err)
	}
	c.Results.SetResult(key, samples)
	c.Metrics.ResultStored(len(samples))
	c.mu.Lock()
	defer c.mu.Unlock()
	open.ledger.NoteReported(task.Index)
	now, _ := open.ledger.Task(key.Node)
	// A node that has reported shows as good until its pod ends badly.
	bad := now.Outcome.State.Final() && now.Bad()
	c.Results.SetTask(key, now.Duration().Milliseconds(), bad)
	return nil
}

// File takes a file of a node task, and returns the name it is stored under.
func (c *Controller) File(_ context.Context, key execution.Key, name, contentType string, body io.Reader) (string, error) {
	open, _, err := c.accept(key)
	if err != nil {
		return "", err
	}
	stored, err := c.Store.SaveFile(key, name, contentType, open.nodeNames, body)
	if err != nil {
		var invalid *execution.InvalidError
		if !errors.As(err, &invalid) && !errors.Is(err, execution.ErrNameTaken) && !errors.Is(err, execution.ErrTooLarge) {
			c.Metrics.StoreError("file")
		}
		return "", fmt.Errorf("store file: %w", err)
	}
	return stored, nil
}

// Event writes a Kubernetes Event about the pod of a node task.
func (c *Controller) Event(ctx context.Context, key execution.Key, e execution.Event) error {
	if _, _, err := c.accept(key); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	about, err := c.eventObject(ctx, key)
	if err != nil {
		return err
	}
	if err := c.events.emit(ctx, about, e.Warning, e.Reason, e.Message); err != nil {
		c.Log.Warn("event of a pod not written", "execution", key.Execution, "node", key.Node, "error", err)
		return fmt.Errorf("%w: the event could not be written", execution.ErrUnavailable)
	}
	return nil
}

// accept checks that the node task exists and may report.
func (c *Controller) accept(key execution.Key) (*openExecution, execution.Task, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.leading:
		return nil, execution.Task{}, execution.ErrNotLeader
	case c.open == nil || c.open.record.plan.ID != key.Execution:
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

// eventObject returns what an event is about: the pod, or the Job when the
// cache and the API server do not have the pod.
func (c *Controller) eventObject(ctx context.Context, key execution.Key) (corev1.ObjectReference, error) {
	name := jobspec.JobName(c.Config.Name, key)
	if job := c.caches.job(c.Namespace, name); job != nil {
		if pod := plan.NewestPod(c.caches.podsOf(job, key)); pod != nil {
			return reference("v1", "Pod", pod), nil
		}
	}
	job, err := c.Client.BatchV1().Jobs(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return corev1.ObjectReference{}, fmt.Errorf("%w: read Job %s: %w", execution.ErrUnavailable, name, err)
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

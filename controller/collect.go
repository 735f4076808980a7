package controller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

const (
	// maxLog bounds what is kept of one container's log.
	maxLog = 16 << 20
	// logDeadline bounds how long a kubelet may take to send one.
	logDeadline = 30 * time.Second
	// logAttempts is how often a log is asked for before it is given up.
	logAttempts = 4
)

// logStore keeps logs.
type logStore interface {
	SaveLog(key execution.Key, container string, r io.Reader, limit int64) (truncated bool, err error)
	HasLog(key execution.Key, container string) bool
}

// queueLogs has the logs of a task saved. Once it has ended this holds no slot:
// the pool goes on meanwhile, and only the execution's end waits for it. A pod that
// has to be stopped to end waits for it too. The caller holds c.mu.
func (c *Controller) queueLogs(open *openExecution, index int) {
	memory := &open.tasks[index]
	if !open.record.Plan.Settings.SavePodLog || memory.logsQueued || !open.ledger.Created(index) {
		return
	}
	memory.logsQueued = true
	open.logsDue++
	c.logs.Add(execution.Key{Execution: open.record.Plan.ID, Node: open.record.Plan.Nodes[index].Name})
}

func (c *Controller) workOnLogs(ctx context.Context) {
	for {
		key, shutdown := c.logs.Get()
		if shutdown {
			return
		}
		err := c.saveLogs(ctx, key)
		switch {
		case ctx.Err() != nil:
		case err != nil && c.logs.NumRequeues(key) < logAttempts-1:
			c.logs.AddRateLimited(key)
		default:
			if err != nil {
				c.Metrics.LogSaved("failed")
				c.Log.Warn("log not saved", "execution", key.Execution, "node", key.Node, "error", err)
			}
			c.logs.Forget(key)
			c.logsSaved(key)
		}
		c.logs.Done(key)
	}
}

// logsSaved takes down that nothing more is to be done for the task's logs. It
// may be told so twice, when the record was read again while they were saved.
func (c *Controller) logsSaved(key execution.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil || c.open.record.Plan.ID != key.Execution {
		return
	}
	task, ok := c.open.ledger.Task(key.Node)
	if !ok {
		return
	}
	memory := &c.open.tasks[task.Index]
	if !memory.logsQueued || memory.logsDone {
		return
	}
	memory.logsDone = true
	c.tasks.Add(key) // it may wait to be stopped
	c.open.logsDue--
	if c.open.logsDue == 0 {
		c.notifyKeeper()
	}
}

// saveLogs saves the log of each container of the task's newest pod that ran.
func (c *Controller) saveLogs(ctx context.Context, key execution.Key) error {
	job := c.caches.Job(c.Namespace, jobspec.JobName(c.config().Name, key))
	if job == nil {
		return nil // with its Job the pod is gone too
	}
	pod := plan.NewestPod(c.caches.PodsOf(job, key))
	if pod == nil {
		return nil
	}
	var errs []error
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, container := range statuses {
			ran := container.State.Running != nil || container.State.Terminated != nil
			if ran && !c.Store.HasLog(key, container.Name) {
				errs = append(errs, c.saveLog(ctx, key, pod, container.Name))
			}
		}
	}
	return errors.Join(errs...)
}

func (c *Controller) saveLog(ctx context.Context, key execution.Key, pod *corev1.Pod, container string) error {
	ctx, cancel := context.WithTimeout(ctx, logDeadline)
	defer cancel()
	oneMore := int64(maxLog + 1) // shows the store that there was more
	stream, err := c.Client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, LimitBytes: &oneMore,
	}).Stream(ctx)
	if apierrors.IsNotFound(err) {
		c.Metrics.LogSaved("failed")
		c.Log.Warn("log not saved: the pod is gone", "execution", key.Execution, "node", key.Node, "container", container)
		return nil
	}
	if err != nil {
		return fmt.Errorf("log of container %s: %w", container, err)
	}
	defer stream.Close() //nolint:errcheck // it was read to its end, or the error is returned
	redacted := c.redactor.Reader(stream)
	truncated, err := c.Store.SaveLog(key, container, redacted, maxLog)
	if err != nil {
		c.Metrics.StoreError("log")
		return fmt.Errorf("log of container %s: %w", container, err)
	}
	if n := redacted.Redacted(); n > 0 {
		c.Metrics.CredentialsRedacted("log", n)
		c.Log.Warn("log saved without the callback credentials in it",
			"execution", key.Execution, "node", key.Node, "container", container, "redacted", n)
	}
	if truncated {
		c.Metrics.LogSaved("truncated")
	} else {
		c.Metrics.LogSaved("saved")
	}
	return nil
}

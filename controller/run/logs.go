package run

import (
	"context"
	"errors"
	"fmt"
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

// queueLogs has the logs of a task saved. Once it has ended this holds no slot:
// the pool goes on meanwhile, and only the execution's end waits for it. A pod that
// has to be stopped to end waits for it too. The caller holds e.mu.
func (e *Execution) queueLogs(index int) {
	memory := &e.memory[index]
	if !e.record.Plan.Settings.SavePodLog || memory.logsQueued || !e.ledger.Created(index) {
		return
	}
	memory.logsQueued = true
	e.logsDue++
	e.logs.Add(execution.Key{Execution: e.id, Node: e.nodes[index]})
}

func (e *Execution) workOnLogs(ctx context.Context) {
	for {
		key, shutdown := e.logs.Get()
		if shutdown {
			return
		}
		err := e.saveLogs(ctx, key)
		switch {
		case ctx.Err() != nil:
		case err != nil && e.logs.NumRequeues(key) < logAttempts-1:
			e.logs.AddRateLimited(key)
		default:
			if err != nil {
				e.Metrics.LogSaved("failed")
				e.Log.Warn("log not saved", "execution", key.Execution, "node", key.Node, "error", err)
			}
			e.logs.Forget(key)
			e.logsSaved(key)
		}
		e.logs.Done(key)
	}
}

// logsSaved records that nothing more is to be done for the task's logs.
func (e *Execution) logsSaved(key execution.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	task, ok := e.ledger.Task(key.Node)
	if !ok {
		return
	}
	memory := &e.memory[task.Index]
	if !memory.logsQueued || memory.logsDone {
		return
	}
	memory.logsDone = true
	e.tasks.Add(key) // it may wait to be stopped
	e.logsDue--
	if e.logsDue == 0 {
		e.wakeWriter()
	}
}

// saveLogs saves the log of each container of the task's newest pod that ran.
func (e *Execution) saveLogs(ctx context.Context, key execution.Key) error {
	job := e.Caches.Job(e.Namespace, jobspec.JobName(e.Controller, key))
	if job == nil {
		return nil // with its Job the pod is gone too
	}
	pod := plan.NewestPod(e.Caches.PodsOf(job, key))
	if pod == nil {
		return nil
	}
	var errs []error
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, container := range statuses {
			ran := container.State.Running != nil || container.State.Terminated != nil
			if ran && !e.Logs.HasLog(key, container.Name) {
				errs = append(errs, e.saveLog(ctx, key, pod, container.Name))
			}
		}
	}
	return errors.Join(errs...)
}

func (e *Execution) saveLog(ctx context.Context, key execution.Key, pod *corev1.Pod, container string) error {
	ctx, cancel := context.WithTimeout(ctx, logDeadline)
	defer cancel()
	oneMore := int64(maxLog + 1) // shows the store that there was more
	stream, err := e.Client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, LimitBytes: &oneMore,
	}).Stream(ctx)
	if apierrors.IsNotFound(err) {
		e.Metrics.LogSaved("failed")
		e.Log.Warn("log not saved: the pod is gone", "execution", key.Execution, "node", key.Node, "container", container)
		return nil
	}
	if err != nil {
		return fmt.Errorf("log of container %s: %w", container, err)
	}
	defer stream.Close() //nolint:errcheck // it was read to its end, or the error is returned
	redacted := e.Redactor.Reader(stream)
	truncated, err := e.Logs.SaveLog(key, container, redacted, maxLog)
	if err != nil {
		e.Metrics.StoreError("log")
		return fmt.Errorf("log of container %s: %w", container, err)
	}
	if n := redacted.Redacted(); n > 0 {
		e.Metrics.CredentialsRedacted("log", n)
		e.Log.Warn("log saved without the callback credentials in it",
			"execution", key.Execution, "node", key.Node, "container", container, "redacted", n)
	}
	if truncated {
		e.Metrics.LogSaved("truncated")
	} else {
		e.Metrics.LogSaved("saved")
	}
	return nil
}

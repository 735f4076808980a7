package podlogs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
)

const (
	// maxSize bounds the saved part of a container's log, in bytes. The text of savePodLog
	// (config/keys.go, docs/configuration.md), docs/reliability.md and e2e/suite
	// (maxSavedLog) have it too.
	maxSize = 16 << 20
	// deadline bounds how long a kubelet may take to send a log.
	deadline = 30 * time.Second
)

// Store stores logs.
type Store interface {
	SaveLog(key execution.Key, container string, r io.Reader, limit int64) (truncated bool, err error)
	HasLog(key execution.Key, container string) bool
}

// Metrics counts logs.
type Metrics interface {
	LogSaved(outcome string)
	StoreError(operation string)
	CredentialsRedacted(kind string, n int)
}

// Saver saves the logs of a controller's job pods.
type Saver struct {
	Client   kube.Client
	Caches   *kube.Caches
	Store    Store
	Redactor *route.Redactor
	Metrics  Metrics
	Log      *slog.Logger
}

// Save saves the log of each container of the task's newest pod that ran and whose log is
// not saved yet.
func (s *Saver) Save(ctx context.Context, key execution.Key) error {
	job := s.Caches.JobOf(key)
	if job == nil {
		return nil // the pod was deleted with its Job
	}
	pod := plan.NewestPod(s.Caches.PodsOf(job, key))
	if pod == nil {
		return nil
	}
	var errs []error
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, container := range statuses {
			ran := container.State.Running != nil || container.State.Terminated != nil
			if ran && !s.Store.HasLog(key, container.Name) {
				errs = append(errs, s.save(ctx, key, pod, container.Name))
			}
		}
	}
	return errors.Join(errs...)
}

func (s *Saver) save(ctx context.Context, key execution.Key, pod *corev1.Pod, container string) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	oneMore := int64(maxSize + 1) // so that the store sees a log that is too long
	stream, err := s.Client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, LimitBytes: &oneMore,
	}).Stream(ctx)
	if apierrors.IsNotFound(err) {
		s.Metrics.LogSaved("failed")
		s.Log.Warn("log not saved: the pod was deleted", "execution", key.Execution, "node", key.Node, "container", container)
		return nil
	}
	if err != nil {
		return fmt.Errorf("log of container %s: %w", container, err)
	}
	defer stream.Close() //nolint:errcheck // it was read to its end, or the error is returned
	redacted := s.Redactor.Reader(stream)
	truncated, err := s.Store.SaveLog(key, container, redacted, maxSize)
	if err != nil {
		s.Metrics.StoreError("log")
		return fmt.Errorf("log of container %s: %w", container, err)
	}
	if n := redacted.Redacted(); n > 0 {
		s.Metrics.CredentialsRedacted("log", n)
		s.Log.Warn("log saved without the callback credentials in it",
			"execution", key.Execution, "node", key.Node, "container", container, "redacted", n)
	}
	if truncated {
		s.Metrics.LogSaved("truncated")
	} else {
		s.Metrics.LogSaved("saved")
	}
	return nil
}

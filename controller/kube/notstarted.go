package kube

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// notStartedReporter replaces the controller's name, which is part of the configuration
// and may be unknown: an invalid configuration is a common reason not to start.
const notStartedReporter = "batch-job-controller"

// StartEvents write events about the ConfigMap of a replica that has not started: an
// operator who waits for readiness does not see its log.
type StartEvents struct {
	Client    Client
	Namespace string
	ConfigMap string
	Instance  string // the replica
}

// NotStarted writes an event about a problem.
func (s StartEvents) NotStarted(ctx context.Context, problem string) error {
	ctx, cancel := context.WithTimeout(ctx, EventTimeout)
	defer cancel()
	about := corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: s.Namespace, Name: s.ConfigMap}
	current, err := s.Client.CoreV1().ConfigMaps(s.Namespace).Get(ctx, s.ConfigMap, metav1.GetOptions{})
	if err == nil {
		about = ConfigMapReference(current)
	}
	if apierrors.IsNotFound(err) {
		err = nil // the event says that it does not exist
	}
	events := Events{client: s.Client, clock: clock.RealClock{}, controller: notStartedReporter, instance: s.Instance}
	return errors.Join(err, events.Emit(ctx, about, true, EventNotStarted, execution.Truncate(problem, MaxEventMessage)))
}

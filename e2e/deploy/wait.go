package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// WaitReady waits until all replicas of the controller are available.
func (c *Controller) WaitReady(ctx context.Context) error {
	client := c.cluster.AppsV1().RESTClient()
	list := cache.NewListWatchFromClient(client, "deployments", c.Namespace, fields.OneTermEqualSelector("metadata.name", c.Deployment))
	_, err := watchtools.UntilWithSync(ctx, list, &appsv1.Deployment{}, nil, func(event watch.Event) (bool, error) {
		d, ok := event.Object.(*appsv1.Deployment)
		return ok && d.Status.ObservedGeneration >= d.Generation && d.Status.AvailableReplicas == *d.Spec.Replicas &&
			d.Status.UpdatedReplicas == d.Status.Replicas, nil
	})
	if err != nil {
		return c.explain(fmt.Errorf("wait for Deployment %s: %w", c.Deployment, errors.Join(err, context.Cause(ctx))))
	}
	return nil
}

// WaitExit waits until the controller's process has ended, and returns its exit status and
// log.
func (c *Controller) WaitExit(ctx context.Context) (status int32, log string, err error) {
	var pod *corev1.Pod
	list := cache.NewFilteredListWatchFromClient(c.cluster.CoreV1().RESTClient(), "pods", c.Namespace,
		func(o *metav1.ListOptions) { o.LabelSelector = c.pods.String() })
	_, err = watchtools.UntilWithSync(ctx, list, &corev1.Pod{}, nil, func(event watch.Event) (bool, error) {
		updated, ok := event.Object.(*corev1.Pod)
		if !ok {
			return false, nil
		}
		for _, s := range updated.Status.ContainerStatuses {
			for _, state := range []corev1.ContainerState{s.State, s.LastTerminationState} {
				if state.Terminated != nil {
					pod, status = updated, state.Terminated.ExitCode
					return true, nil
				}
			}
		}
		return false, nil
	})
	if err != nil {
		return 0, "", c.explain(fmt.Errorf("wait for the controller's end: %w", errors.Join(err, context.Cause(ctx))))
	}
	log, err = c.lastWords(ctx, pod)
	return status, log, err
}

// noLog is the beginning of a kubelet's response instead of a log, after it has removed the
// log file in order to restart the container.
const noLog = "unable to retrieve container logs for "

// lastWords returns the log of a container that has ended. The container may have been
// restarted meanwhile, with an empty log.
func (c *Controller) lastWords(ctx context.Context, pod *corev1.Pod) (string, error) {
	for {
		var errs []error
		for _, previous := range []bool{true, false} {
			log, err := c.logs(ctx, pod, previous)
			switch {
			case strings.HasPrefix(log, noLog):
				err = errors.New(log)
			case err == nil && log != "":
				return log, nil
			}
			errs = append(errs, err)
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return "", fmt.Errorf("log of a container that has ended: %w", errors.Join(append(errs, context.Cause(ctx))...))
		}
	}
}

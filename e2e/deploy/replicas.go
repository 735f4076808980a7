package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// Replicas returns the controller's pods that run and are not being deleted.
func (c *Controller) Replicas(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := c.cluster.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.pods.String()})
	if err != nil {
		return nil, fmt.Errorf("list the controller's pods: %w", err)
	}
	var running []corev1.Pod
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			running = append(running, pod)
		}
	}
	if len(running) == 0 {
		return nil, fmt.Errorf("none of the controller's %d pods runs", len(pods.Items))
	}
	return running, nil
}

// Holder returns the name of the pod that holds the Lease, or nothing without a holder.
func (c *Controller) Holder(ctx context.Context) (string, error) {
	leases, err := c.cluster.CoordinationV1().Leases(c.Namespace).List(ctx, metav1.ListOptions{FieldSelector: c.leaseSelector()})
	if err != nil {
		return "", fmt.Errorf("read the Lease: %w", err)
	}
	for i := range leases.Items {
		return holder(&leases.Items[i]), nil
	}
	return "", nil
}

// WaitHolder waits until a pod other than the given ones holds the Lease, and
// returns its name.
func (c *Controller) WaitHolder(ctx context.Context, not ...string) (string, error) {
	unwanted := map[string]bool{"": true}
	for _, name := range not {
		unwanted[name] = true
	}
	var name string
	client := c.cluster.CoordinationV1().RESTClient()
	list := cache.NewListWatchFromClient(client, "leases", c.Namespace, fields.ParseSelectorOrDie(c.leaseSelector()))
	_, err := watchtools.UntilWithSync(ctx, list, &coordinationv1.Lease{}, nil, func(event watch.Event) (bool, error) {
		if lease, ok := event.Object.(*coordinationv1.Lease); ok {
			name = holder(lease)
		}
		return !unwanted[name], nil
	})
	if err != nil {
		return "", c.explain(fmt.Errorf("wait for a leader other than %q: %w", name, errors.Join(err, context.Cause(ctx))))
	}
	return name, nil
}

func (c *Controller) leaseSelector() string { return "metadata.name=" + c.Name + "-leader" }

// holder returns the pod's name, which is the beginning of a replica's identity.
func holder(lease *coordinationv1.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	name, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
	return name
}

// At returns the controller with requests sent to one of its pods. The caller closes it.
func (c *Controller) At(pod string) *Controller {
	view := *c
	view.tunnel = &tunnel{
		cluster: c.cluster, namespace: c.Namespace, pod: func(context.Context) (string, error) { return pod, nil },
	}
	view.http = view.tunnel.client()
	return &view
}

// Close ends the connections to the controller's pods.
func (c *Controller) Close() { c.tunnel.Close() }

//go:build e2e

package suite

import (
	"context"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// waitHeartbeat waits until the kubelet of a node has sent a heartbeat after a time, and the node
// is ready and no longer has the taints of an unready node.
func waitHeartbeat(t *testing.T, ctx context.Context, node string, since time.Time) {
	t.Helper()
	waitObject(t, ctx, env.cluster.CoordinationV1().RESTClient(), "leases", "kube-node-lease", node, &coordinationv1.Lease{},
		func(o runtime.Object) bool {
			lease, ok := o.(*coordinationv1.Lease)
			return ok && lease.Spec.RenewTime != nil && lease.Spec.RenewTime.After(since)
		})
	waitObject(t, ctx, env.cluster.CoreV1().RESTClient(), "nodes", "", node, &corev1.Node{},
		func(o runtime.Object) bool {
			current, ok := o.(*corev1.Node)
			return ok && isReady(current) && len(current.Spec.Taints) == 0
		})
}

func isReady(node *corev1.Node) bool {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func waitObject(t *testing.T, ctx context.Context, client rest.Interface, resource, namespace, name string, kind runtime.Object, good func(runtime.Object) bool) {
	t.Helper()
	list := cache.NewListWatchFromClient(client, resource, namespace, fields.OneTermEqualSelector("metadata.name", name))
	_, err := watchtools.UntilWithSync(ctx, list, kind, nil, func(event watch.Event) (bool, error) {
		return good(event.Object), nil
	})
	if err != nil {
		t.Errorf("wait for %s %s: %v, %v", resource, name, err, context.Cause(ctx))
	}
}

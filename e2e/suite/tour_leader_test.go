//go:build e2e

package suite

import (
	"context"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/utils/ptr"
)

// testLeader checks the Lease while the controller runs, and after SIGTERM.
func testLeader(t *testing.T, ctx context.Context, tour tour) {
	t.Run("the controller holds the Lease", func(t *testing.T) {
		pod, err := tour.Pod(ctx)
		if err != nil {
			t.Fatal(err)
		}
		lease, err := env.cluster.CoordinationV1().Leases(tour.namespace).Get(ctx, "tour-leader", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if holder := ptr.Deref(lease.Spec.HolderIdentity, ""); !strings.HasPrefix(holder, pod.Name) {
			t.Errorf("got holder %q, want pod %s", holder, pod.Name)
		}
	})
	t.Run("SIGTERM gives the Lease back", func(t *testing.T) {
		_, err := env.cluster.AppsV1().Deployments(tour.namespace).Patch(ctx, tour.Deployment,
			types.MergePatchType, []byte(`{"spec": {"replicas": 0}}`), metav1.PatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		leases := cache.NewListWatchFromClient(env.cluster.CoordinationV1().RESTClient(), "leases", tour.namespace,
			fields.OneTermEqualSelector("metadata.name", "tour-leader"))
		_, err = watchtools.UntilWithSync(ctx, leases, &coordinationv1.Lease{}, nil, func(event watch.Event) (bool, error) {
			lease, ok := event.Object.(*coordinationv1.Lease)
			return ok && ptr.Deref(lease.Spec.HolderIdentity, "") == "", nil
		})
		if err != nil {
			t.Errorf("the Lease is still held: %v", err)
		}
	})
}

//go:build e2e

package suite

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// cordon cordons a node until the end of the test.
func cordon(t *testing.T, ctx context.Context, node string) {
	t.Helper()
	set := func(ctx context.Context, cordoned bool) error {
		patch := fmt.Sprintf(`{"spec": {"unschedulable": %t}}`, cordoned)
		_, err := env.cluster.CoreV1().Nodes().Patch(ctx, node, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	}
	if err := set(ctx, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
		defer cancel()
		if err := set(ctx, false); err != nil {
			t.Errorf("uncordon %s: %v", node, err)
		}
	})
}

package watch

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// leaderText says which pod is the leader, or why there is none. If the user may
// not read the Lease, status still shows the rest.
func leaderText(ctx context.Context, i *cluster.Installation, now time.Time) (string, error) {
	lease, err := leaseOf(ctx, i)
	if apierrors.IsForbidden(err) {
		return "unknown: " + err.Error(), nil
	}
	if err != nil {
		return "", fmt.Errorf("get the Lease: %w", err)
	}
	pods, err := i.Pods(ctx, i.Deployment)
	if err != nil {
		return "", err
	}
	return progress.LeaderText(lease, pods, now), nil
}

// leaseOf returns the leader's Lease, or nil if it does not exist.
func leaseOf(ctx context.Context, i *cluster.Installation) (*coordinationv1.Lease, error) {
	lease, err := i.CoordinationV1().Leases(i.Namespace).Get(ctx, jobspec.LeaseName(i.Config.Name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return lease, nil
}

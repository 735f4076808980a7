package controller

import (
	"errors"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// A request to create the Job may be carried out after the node was found to be deleted.
func TestATaskWithoutAJobEndsWhenNoneCanBeCreated(t *testing.T) {
	tests := map[string]struct {
		// environment
		takenOver bool  // by another leader, after the task was admitted
		create    error // the response to the create
		// expectation
		wantAfter time.Duration
	}{
		"this leader has sent none":              {wantAfter: 0},
		"an earlier leader may have sent one":    {takenOver: true, wantAfter: kube.RequestGrace},
		"it had no response":                     {create: errors.New("connection reset"), wantAfter: kube.RequestGrace},
		"it was rejected":                        {create: apierrors.NewForbidden(batchv1.Resource("jobs"), "x", nil), wantAfter: 0},
		"an earlier leader, and it was rejected": {takenOver: true, create: apierrors.NewForbidden(batchv1.Resource("jobs"), "x", nil), wantAfter: kube.RequestGrace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a", "b")
				c.behave("a", behaviour{runFor: time.Hour}) // b is admitted, and has no slot
				pool := 1
				if tt.create != nil {
					pool = 2
					c.react("create", "jobs", c.failingFor("b", tt.create))
				}
				store, cfg := newMemoryStore(), testConfig(func(c *config.Config) { c.PodPoolSize = pool })
				r := startReplica(t, c, store, cfg)
				time.Sleep(5 * time.Second)
				if tt.takenOver {
					r.kill()
					r = startReplica(t, c, store, cfg)
				}
				defer r.kill()
				must(t, c.client.CoreV1().Nodes().Delete(t.Context(), "b", metav1.DeleteOptions{}))
				if tt.wantAfter > 0 {
					time.Sleep(tt.wantAfter - 10*time.Second)
					if got := outcomes(c.records()[0])["b"]; got.State.Final() {
						t.Errorf("it ended early: %v", got)
					}
				}
				time.Sleep(20 * time.Second)
				if got, want := outcomes(c.records()[0])["b"], (execution.Outcome{State: execution.Skipped, Reason: execution.NodeGone}); got != want {
					t.Errorf("outcome: got %v, want %v", got, want)
				}
			})
		})
	}
}

package lease

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// foreignLease is held by a replica that does not renew it.
func foreignLease(holder string, lasts int32) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: "jobs", Name: "check-leader"},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: ptr.To(holder), LeaseDurationSeconds: ptr.To(lasts),
			RenewTime: ptr.To(metav1.NewMicroTime(time.Now())), AcquireTime: ptr.To(metav1.NewMicroTime(time.Now())),
		},
	}
}

func TestAReplicaThatWaitsInVainForTheLeaseSaysWhy(t *testing.T) {
	// The response of a ValidatingAdmissionPolicy without a reason of its own.
	errDenied := apierrors.NewForbidden(coordinationv1.Resource("leases"), "check-leader", errors.New("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no owner"))
	errDenied.ErrStatus.Reason, errDenied.ErrStatus.Code = metav1.StatusReasonInvalid, http.StatusUnprocessableEntity
	tests := map[string]struct {
		lease    *coordinationv1.Lease
		renewed  bool
		refuse   error // of each write
		wantSays string
	}{
		"a deleted replica holds the Lease for a day": {lease: foreignLease("ghost_1@10.0.0.9", 86400), wantSays: `"ghost_1@10.0.0.9" holds the Lease`},
		"a deleted replica held the Lease as usual":   {lease: foreignLease("ghost_1@10.0.0.9", 15)},
		"another replica leads":                       {lease: foreignLease("other_1@10.0.0.2", 15), renewed: true},
		"another replica leads, with a longer Lease":  {lease: foreignLease("other_1@10.0.0.2", 3600), renewed: true},
		"a policy denies each write":                  {refuse: errDenied, wantSays: "no owner"},
		"the API server does not respond to writes":   {refuse: errors.New("connection refused")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset()
				if tt.lease != nil {
					held := tt.lease.DeepCopy()
					held.Spec.RenewTime = ptr.To(metav1.NewMicroTime(time.Now()))
					testkit.Must(t, client.Tracker().Add(held))
				}
				if tt.refuse != nil {
					for _, verb := range []string{"create", "update"} {
						client.PrependReactor(verb, "leases", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, tt.refuse })
					}
				}
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() {
					done <- Lead(ctx, testkit.NewClient(client), options(t, "a"), func(ctx context.Context, _ Fence) error {
						<-ctx.Done()
						return nil
					})
				}()
				for range 60 { // ten minutes
					time.Sleep(10 * time.Second)
					if tt.renewed {
						lease := held(t, client)
						lease.Spec.RenewTime = ptr.To(metav1.NewMicroTime(time.Now()))
						_, err := client.CoordinationV1().Leases("jobs").Update(t.Context(), lease, metav1.UpdateOptions{})
						testkit.Must(t, err)
					}
				}
				stop()
				testkit.Must(t, <-done)
				synctest.Wait()
				found := testkit.Events(t, client, "jobs")
				if tt.wantSays == "" && len(found) > 0 {
					t.Errorf("events: got %q, want none", found[0].Note)
				}
				if tt.wantSays == "" {
					return
				}
				if len(found) != 1 || found[0].Series != nil || !strings.Contains(found[0].Note, tt.wantSays) || found[0].Regarding.Kind != "Lease" {
					t.Errorf("events: got %d, want one about the Lease that says %q", len(found), tt.wantSays)
				}
			})
		})
	}
}

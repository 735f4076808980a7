package controller

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func leaderOptions(t *testing.T, identity string) LeaderOptions {
	t.Helper()
	return DefaultLeaderTimings(LeaderOptions{
		Namespace: testNamespace, Name: "check-leader", Identity: identity, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
}

func lease(t *testing.T, client *fake.Clientset) *coordinationv1.Lease {
	t.Helper()
	l, err := client.CoordinationV1().Leases(testNamespace).Get(t.Context(), "check-leader", metav1.GetOptions{})
	must(t, err)
	return l
}

func TestLeaseIsGivenBackOnlyAfterTheWorkHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- Lead(ctx, client, leaderOptions(t, "a"), func(ctx context.Context, _ Fence) error {
				<-ctx.Done()
				time.Sleep(20 * time.Second) // the last writes: longer than a Lease lasts
				if holder := lease(t, client).Spec.HolderIdentity; holder == nil || *holder != "a" {
					t.Error("the Lease was given back while the work went on")
				}
				return nil
			})
		}()
		time.Sleep(5 * time.Second)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Lead: %v", err)
		}
		if holder := lease(t, client).Spec.HolderIdentity; holder != nil && *holder != "" {
			t.Errorf("holder after the end: got %q, want nobody", *holder)
		}
	})
}

func TestNextReplicaLeadsSoonAfterTheLeaseIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		first, stopFirst := context.WithCancel(t.Context())
		second, stopSecond := context.WithCancel(t.Context())
		var leading atomic.Value
		work := func(name string) func(context.Context, Fence) error {
			return func(ctx context.Context, _ Fence) error {
				leading.Store(name)
				<-ctx.Done()
				return nil
			}
		}
		done := make(chan error, 2)
		go func() { done <- Lead(first, client, leaderOptions(t, "a"), work("a")) }()
		time.Sleep(time.Second)
		go func() { done <- Lead(second, client, leaderOptions(t, "b"), work("b")) }()
		time.Sleep(10 * time.Second)
		if got := leading.Load(); got != "a" {
			t.Fatalf("leader: got %v, want a", got)
		}
		stopFirst()
		time.Sleep(3 * time.Second)
		if got := leading.Load(); got != "b" {
			t.Errorf("leader 3 s after a ended: got %v, want b", got)
		}
		stopSecond()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("Lead: %v", err)
			}
		}
	})
}

func TestLostLeaseEndsTheWorkWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		var down atomic.Bool
		client.PrependReactor("update", "leases", func(clienttesting.Action) (bool, runtimeObject, error) {
			return down.Load(), nil, errors.New("the API server is away")
		})
		fenced := make(chan error, 1)
		done := make(chan error, 1)
		go func() {
			done <- Lead(t.Context(), client, leaderOptions(t, "a"), func(ctx context.Context, fence Fence) error {
				if err := fence(); err != nil {
					t.Errorf("fence while leading: %v", err)
				}
				<-ctx.Done()
				fenced <- fence()
				return nil
			})
		}()
		time.Sleep(5 * time.Second)
		down.Store(true)
		time.Sleep(15 * time.Second)
		if err := <-fenced; !errors.Is(err, ErrLeaseLost) {
			t.Errorf("fence after the loss: got %v, want %v", err, ErrLeaseLost)
		}
		if err := <-done; err != nil && !errors.Is(err, ErrLeaseLost) {
			t.Errorf("Lead: got %v, want %v", err, ErrLeaseLost)
		}
	})
}

func TestReplicaThatNeverLeadsEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		leader, stopLeader := context.WithCancel(t.Context())
		standby, stopStandby := context.WithCancel(t.Context())
		wait := func(ctx context.Context, _ Fence) error { <-ctx.Done(); return nil }
		done := make(chan error, 2)
		go func() { done <- Lead(leader, client, leaderOptions(t, "a"), wait) }()
		time.Sleep(time.Second)
		go func() {
			done <- Lead(standby, client, leaderOptions(t, "b"), func(context.Context, Fence) error {
				t.Error("the standby led")
				return nil
			})
		}()
		time.Sleep(5 * time.Second)
		stopStandby()
		if err := <-done; err != nil {
			t.Errorf("Lead: %v", err)
		}
		stopLeader()
		if err := <-done; err != nil {
			t.Errorf("Lead: %v", err)
		}
	})
}

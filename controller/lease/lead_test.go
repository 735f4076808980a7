package lease

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func options(t *testing.T, identity string) Options {
	t.Helper()
	return WithDefaultTimings(Options{
		Namespace: "jobs", Name: "check-leader", Identity: identity, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
}

func held(t *testing.T, client *fake.Clientset) *coordinationv1.Lease {
	t.Helper()
	l, err := client.CoordinationV1().Leases("jobs").Get(t.Context(), "check-leader", metav1.GetOptions{})
	testkit.Must(t, err)
	return l
}

func TestLeaseIsGivenBackOnlyAfterTheWorkHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- Lead(ctx, testkit.NewClient(client), options(t, "a"), func(ctx context.Context, _ Fence) error {
				<-ctx.Done()
				time.Sleep(20 * time.Second) // the last writes: longer than a Lease lasts
				if holder := held(t, client).Spec.HolderIdentity; holder == nil || *holder != "a" {
					t.Error("the Lease was released before the work ended")
				}
				return nil
			})
		}()
		time.Sleep(5 * time.Second)
		stop()
		if err := <-done; err != nil {
			t.Errorf("Lead: %v", err)
		}
		if holder := held(t, client).Spec.HolderIdentity; holder != nil && *holder != "" {
			t.Errorf("holder after the end: got %q, want none", *holder)
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
		go func() { done <- Lead(first, testkit.NewClient(client), options(t, "a"), work("a")) }()
		time.Sleep(time.Second)
		go func() { done <- Lead(second, testkit.NewClient(client), options(t, "b"), work("b")) }()
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

// While the API server is unavailable, there may be no leader. Afterwards, the replica
// that still holds the Lease leads again at once.
func TestLostLeaseEndsTheWorkAndIsCompetedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		var down atomic.Bool
		client.PrependReactor("*", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
			return down.Load(), nil, errors.New("the API server is unavailable")
		})
		var terms atomic.Int32
		done := make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			done <- Lead(ctx, testkit.NewClient(client), options(t, "a"), func(ctx context.Context, fence Fence) error {
				terms.Add(1)
				write, cancel, err := fence(ctx)
				testkit.Must(t, err)
				defer cancel()
				<-ctx.Done()
				if down.Load() {
					if _, _, err := fence(context.WithoutCancel(ctx)); !errors.Is(err, ErrLost) {
						t.Errorf("fence after the loss: got %v, want %v", err, ErrLost)
					}
					if write.Err() == nil {
						t.Error("the context of a write outlives the Lease")
					}
				}
				return nil
			})
		}()
		time.Sleep(5 * time.Second)
		down.Store(true)
		time.Sleep(10 * time.Minute)
		if got := terms.Load(); got != 1 {
			t.Errorf("terms while the API server was unavailable: got %d, want 1", got)
		}
		down.Store(false)
		time.Sleep(3 * time.Second)
		if got := terms.Load(); got != 2 {
			t.Errorf("terms: got %d, want a second one", got)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("Lead: %v", err)
		}
	})
}

// A replica that was suspended finds that another replica holds the Lease.
func TestLeaderThatIsReplacedStopsAtOnceAndCompetesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		var asleep atomic.Bool
		client.PrependReactor("update", "leases", func(action clienttesting.Action) (bool, runtime.Object, error) {
			holder := action.(clienttesting.UpdateAction).GetObject().(*coordinationv1.Lease).Spec.HolderIdentity
			return asleep.Load() && *holder == "a", nil, errors.New("asleep")
		})
		var mu sync.Mutex
		var seen []string
		o := options(t, "a")
		o.Observe = func(holder string) {
			mu.Lock()
			defer mu.Unlock()
			if len(seen) == 0 || seen[len(seen)-1] != holder {
				seen = append(seen, holder)
			}
		}
		ended := make(chan time.Time, 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- Lead(ctx, testkit.NewClient(client), o, func(ctx context.Context, _ Fence) error {
				<-ctx.Done()
				ended <- time.Now()
				return nil
			})
		}()
		time.Sleep(5 * time.Second)
		asleep.Store(true)
		other := held(t, client)
		other.Spec.HolderIdentity = ptr.To("b@10.0.0.2")
		_, err := client.CoordinationV1().Leases("jobs").Update(t.Context(), other, metav1.UpdateOptions{})
		testkit.Must(t, err)
		replaced := time.Now()
		if after := (<-ended).Sub(replaced); after > 3*time.Second {
			t.Errorf("the work ended %s after another replica led", after)
		}
		stop()
		testkit.Must(t, <-done)
		mu.Lock()
		defer mu.Unlock()
		if want := []string{"a", "b@10.0.0.2"}; !slices.Equal(seen, want) {
			t.Errorf("holders: got %q, want %q", seen, want)
		}
		if holder := *held(t, client).Spec.HolderIdentity; holder != "b@10.0.0.2" {
			t.Errorf("the other replica no longer holds the Lease: the holder is %q", holder)
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
		go func() { done <- Lead(leader, testkit.NewClient(client), options(t, "a"), wait) }()
		time.Sleep(time.Second)
		go func() {
			done <- Lead(standby, testkit.NewClient(client), options(t, "b"), func(context.Context, Fence) error {
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

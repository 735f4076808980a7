package controller

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func TestAReplacementWhoseStopFails(t *testing.T) {
	conflict := apierrors.NewConflict(v1alpha1.GroupVersion().WithResource("executions").GroupResource(), "x", errors.New("it has changed"))
	tests := map[string]struct {
		prepare   func(c *cluster) *atomic.Int32
		wantStops int32
		want      string
		says      string
	}{
		"it conflicts twice": {func(c *cluster) *atomic.Int32 {
			return c.stops(func(n int32) error {
				if n <= 2 {
					return conflict
				}
				return nil
			})
		}, 3, "Open", ""},
		"its response is lost": {func(c *cluster) *atomic.Int32 {
			n := c.stops(never)
			c.loseAnswerIf("update", "executions", func(action clienttesting.Action) bool { return isStop(action) && n.Load() == 0 }, errors.New("connection reset by peer"))
			return n
		}, 1, "Open", ""},
		"a policy denies it": {func(c *cluster) *atomic.Int32 {
			return c.stops(func(int32) error { return policyDenial("executions") })
		}, 0, v1alpha1.ReasonStartingDeadlineExceeded, "no owner"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				c.behave("a", behaviour{lingers: true})
				r := startReplica(t, c, newMemoryStore(), testConfig(replacing, func(c *config.Config) { c.CronExpression = "10 * * * *" }))
				defer r.kill()
				stops := tt.prepare(c)
				sleepUntil(15 * time.Minute)
				c.ask("mine")
				sleepUntil(28 * time.Minute)
				e := c.asked("mine")
				if got := c.ends()["mine"]; got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				if n := stops.Load(); tt.wantStops > 0 && n != tt.wantStops {
					t.Errorf("stops: got %d, want %d", n, tt.wantStops)
				} else if n > 20 {
					t.Errorf("stops: got %d in a minute", n)
				}
				if tt.says != "" && !contains(e.Status.Conditions[0].Message, tt.says) {
					t.Errorf("it was rejected because %s", e.Status.Conditions[0].Message)
				}
				if got := len(c.eventsOf(kube.EventExecutionReplaced)); (got == 1) != (tt.want == "Open") {
					t.Errorf("events: got %d", got)
				}
			})
		})
	}
}

// A leader whose Lease has run out stops nothing.
func TestALeaderWithoutALeaseReplacesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{hangs: true})
		r := newReplica(t, c.client, newMemoryStore(), testConfig(replacing, startWithin(5*time.Minute)))
		r.watch()
		var expired atomic.Bool
		go func() {
			defer close(r.done)
			must(t, r.Run(r.life, func(ctx context.Context) (context.Context, context.CancelFunc, error) {
				write, done, err := unfenced(ctx)
				if expired.Load() {
					err = errors.New("the Lease has run out")
				}
				return write, done, err
			}))
		}()
		defer r.kill()
		stops := c.stops(never)
		sleepUntil(15 * time.Minute)
		expired.Store(true)
		c.ask("mine", func(e *v1alpha1.Execution) { // the controller need not label it
			e.Labels = map[string]string{jobspec.OwnerLabel: testName, jobspec.NodeCronJobLabel: testName}
		})
		sleepUntil(16*time.Minute - 5*time.Second)
		if n := stops.Load(); n != 0 {
			t.Errorf("stops: got %d, want none", n)
		}
		expired.Store(false)
		sleepUntil(17 * time.Minute)
		if n := stops.Load(); n != 1 {
			t.Errorf("stops with a Lease: got %d, want 1", n)
		}
	})
}

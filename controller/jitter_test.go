package controller

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// Replicas that fail at the same time do not retry at the same time. A draw of 0.5 makes each
// pause a tenth shorter.
func TestPausesBetweenTriesHaveJitter(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		verb, resource string
		fails          func(clienttesting.Action) bool
		want           []time.Duration // the first pauses
	}{
		"the records are read": {
			verb: "list", resource: "executions", want: []time.Duration{900 * ms, 1800 * ms, 3600 * ms},
			fails: func(action clienttesting.Action) bool { // and not for the cache
				return action.(clienttesting.ListActionImpl).ListOptions.ResourceVersion == ""
			},
		},
		"a tick is remembered":   {verb: "update", resource: "configmaps", want: []time.Duration{225 * ms, 450 * ms, 900 * ms}},
		"an execution is opened": {verb: "update", resource: "executions", want: []time.Duration{225 * ms, 450 * ms, 900 * ms}},
		"a record is written": {
			verb: "update", resource: "executions", want: []time.Duration{90 * ms, 180 * ms, 360 * ms},
			fails: func(action clienttesting.Action) bool {
				return action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution).Status.Phase == v1alpha1.Closing
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				var mu sync.Mutex
				var tries []time.Time
				c.react(tt.verb, tt.resource, func(action clienttesting.Action) (bool, runtimeObject, error) {
					if tt.fails != nil && !tt.fails(action) {
						return false, nil, nil
					}
					mu.Lock()
					defer mu.Unlock()
					tries = append(tries, time.Now())
					return true, nil, apierrors.NewInternalError(errors.New("broken"))
				})
				cfg := testConfig(func(c *config.Config) { c.CronExpression = "* * * * *" })
				r := startReplicaWith(t, c.client, newMemoryStore(), cfg, func(o *Options) { o.Jitter = func() float64 { return 0.5 } })
				defer r.kill()
				time.Sleep(90 * time.Second)
				mu.Lock()
				defer mu.Unlock()
				var got []time.Duration
				for i := range min(len(tries)-1, len(tt.want)) {
					got = append(got, tries[i+1].Sub(tries[i]))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("got pauses of %v, want %v", got, tt.want)
				}
			})
		})
	}
}

func TestPausesBetweenJudgementsHaveJitter(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const ms = time.Millisecond
		c := newCluster(t, "a")
		j := &judge{t: t}
		asked := make(chan time.Time, 1000)
		r := followingReplica(t, c, j, func(o *Options) {
			o.Jitter = func() float64 { return 0.5 }
			o.Validate = func(ctx context.Context, running config.Config, data map[string]string) (config.Change, error) {
				asked <- time.Now()
				return j.decide(ctx, running, data)
			}
		})
		defer r.kill()
		j.away.Store(true)
		c.configure("pool=5")
		last := <-asked
		for _, want := range []time.Duration{450 * ms, 900 * ms, 1800 * ms} {
			next := <-asked
			if got := next.Sub(last); got != want {
				t.Errorf("got a pause of %s, want %s", got, want)
			}
			last = next
		}
	})
}

package controller

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// The leader dies after it has written the state, and before it creates the record.
func TestExecutionThatWasBeingOpenedIsOpenedByTheNextLeader(t *testing.T) {
	tests := map[string]struct {
		after time.Duration // until the next leader
		want  []string      // when the executions were scheduled
	}{
		"soon":                       {5 * time.Second, []string{"00:10"}},
		"after its startingDeadline": {4 * time.Minute, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				store := newMemoryStore()
				cfg := testConfig(func(c *config.Config) {
					c.RunOnStartup, c.CronExpression, c.StartingDeadline = false, "*/10 * * * *", 2*time.Minute
				})
				var dead atomic.Bool
				dead.Store(true)
				c.react("create", "configmaps", func(action clienttesting.Action) (bool, runtimeObject, error) {
					name := action.(clienttesting.CreateAction).GetObject().(metav1.Object).GetName()
					return dead.Load() && name != testName+stateSuffix, nil, errors.New("dead")
				})
				r := startReplica(t, c, store, cfg)
				time.Sleep(10*time.Minute + 100*time.Millisecond)
				r.kill()
				dead.Store(false)
				time.Sleep(tt.after)
				r = startReplica(t, c, store, cfg)
				defer r.kill()
				time.Sleep(kube.RequestGrace + 15*time.Second) // a create of the dead leader may come so late
				var got []string
				for _, rec := range c.records() {
					got = append(got, rec.Plan.Scheduled.Format("15:04"))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("executions: got %v, want %v", got, tt.want)
				}
				state := c.state()
				if state.Pending != nil {
					t.Errorf("still opening: %+v", state.Pending)
				}
				if want := float64(1 - len(tt.want)); r.metric("batch_job_controller_ticks_missed_total") != want {
					t.Errorf("ticks missed: want %v", want)
				}
			})
		})
	}
}

// A leader is held up before it writes the state. Meanwhile its successor opens, closes
// and prunes an execution, and opens another one.
func TestLeaderThatWasReplacedOpensNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		store := newMemoryStore()
		cfg := testConfig(func(c *config.Config) { c.RunOnStartup, c.CronExpression = false, "0 0 1 1 *" })
		old := startReplica(t, c, store, cfg)
		time.Sleep(time.Second)
		old.kill()
		states := record.NewStateStore(c.client.CoreV1().ConfigMaps(testNamespace), testName)
		stale, _, err := states.Read(t.Context()) // what it remembers
		must(t, err)
		next := startReplica(t, c, store, testConfig())
		defer next.kill()
		time.Sleep(5 * time.Second)
		before := len(c.records())

		stale.Begin("", execution.Firing{Trigger: execution.Startup, Scheduled: time.Now()}, time.Now())
		if _, err = states.Swap(t.Context(), stale); !errors.Is(err, record.ErrConflict) {
			t.Errorf("swap: got %v, want a conflict", err)
		}
		if got := len(c.records()); got != before || before != 1 {
			t.Errorf("records: got %d, before %d, want one", got, before)
		}
	})
}

// A ConfigMap of another tool has the name that the next record would get.
func TestExecutionWhoseNameIsTakenGetsTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		start := execution.NewID(time.Now().Add(time.Second))
		must(t, c.client.Tracker().Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: testNamespace, Name: testName + "-" + string(start),
		}}))
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(10 * time.Second)
		if all := c.records(); len(all) != 1 || all[0].Plan.ID != start.Next() || all[0].Account.Phase != execution.Closed {
			t.Errorf("records: got %+v, want %s closed", all, start.Next())
		}
	})
}

package controller

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// beginning is how far a leader comes that dies after its tick, and before the execution is open.
type beginning struct {
	fails [2]string     // the requests, while the leader dies
	which string        // of the ConfigMaps
	after time.Duration // until the next leader
	want  []string      // when the executions were scheduled
	left  int           // executions that are rejected
}

const plans, states = "of a plan", "of the state"

func beginnings() map[string]beginning {
	return map[string]beginning{
		"before it creates it, and the next one comes soon":    {fails: [2]string{"create", "executions"}, after: 5 * time.Second, want: []string{"00:10"}},
		"before it creates it, and the next one is too late":   {fails: [2]string{"create", "executions"}, after: 4 * time.Minute},
		"before it has an entry, and the next one comes soon":  {fails: [2]string{"update", "configmaps"}, which: states, after: 5 * time.Second, want: []string{"00:10"}},
		"before it has an entry, and the next one is too late": {fails: [2]string{"update", "configmaps"}, which: states, after: 4 * time.Minute, left: 1},
		"before it has a plan, and the next one comes soon":    {fails: [2]string{"create", "configmaps"}, which: plans, after: 5 * time.Second, want: []string{"00:10"}},
		"before it has a plan, and the next one is too late":   {fails: [2]string{"create", "configmaps"}, which: plans, after: 4 * time.Minute, left: 1},
		"before it opens it, and the next one comes soon":      {fails: [2]string{"update", "executions"}, after: 5 * time.Second, want: []string{"00:10"}},
		"before it opens it, and the next one comes too late":  {fails: [2]string{"update", "executions"}, after: 4 * time.Minute, left: 1},
	}
}

func TestExecutionThatWasBeingOpenedIsOpenedByTheNextLeader(t *testing.T) {
	for name, tt := range beginnings() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newCluster(t, "a")
				store := newMemoryStore()
				cfg := testConfig(func(c *config.Config) {
					c.RunOnStartup, c.CronExpression, c.StartingDeadline = false, "*/10 * * * *", 2*time.Minute
				})
				var dead atomic.Bool
				c.react(tt.fails[0], tt.fails[1], func(action clienttesting.Action) (bool, runtimeObject, error) {
					name := action.(clienttesting.CreateAction).GetObject().(metav1.Object).GetName() // as an update has
					return dead.Load() && (tt.which == "" || isState(name) == (tt.which == states)), nil, errors.New("dead")
				})
				r := startReplica(t, c, store, cfg)
				time.Sleep(9 * time.Minute)
				dead.Store(true)
				time.Sleep(time.Minute + 100*time.Millisecond)
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
				all, err := c.store().ListOf(t.Context(), testName)
				must(t, err)
				if len(all.Rejected) != tt.left || len(all.Waiting) != 0 {
					t.Errorf("rejected executions: got %d, want %d; and %d that wait", len(all.Rejected), tt.left, len(all.Waiting))
				}
				if entries := c.state().Entries; len(entries) != 0 {
					t.Errorf("the state still has the entries %+v", entries)
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
		states := state.NewConfigMapStore(c.client.CoreV1().ConfigMaps(testNamespace), testName)
		stale, _, err := states.Read(t.Context()) // what it remembers
		must(t, err)
		next := startReplica(t, c, store, testConfig())
		defer next.kill()
		time.Sleep(5 * time.Second)
		before := len(c.records())

		_, err = stale.Begin(plan.Beginning{
			Definition: plan.TicksOf{Name: testName}, UID: "late", Name: "late", Firing: execution.Firing{Trigger: execution.Startup, Scheduled: time.Now()},
		}, time.Now())
		must(t, err)
		if _, err = states.Swap(t.Context(), stale); !errors.Is(err, state.ErrConflict) {
			t.Errorf("swap: got %v, want a conflict", err)
		}
		if got := len(c.records()); got != before || before != 1 {
			t.Errorf("records: got %d, before %d, want one", got, before)
		}
	})
}

// An Execution that a person created for another definition has the name that the next one
// would get.
func TestExecutionWhoseNameIsTakenGetsTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		start := execution.NewID(time.Now().Add(time.Second))
		_, err := c.resources().Create(t.Context(), &v1alpha1.Execution{
			ObjectMeta: metav1.ObjectMeta{Name: testName + "-" + string(start)},
			Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "another", Trigger: v1alpha1.ManualTrigger},
		}, metav1.CreateOptions{})
		must(t, err)
		r := startReplica(t, c, newMemoryStore(), testConfig())
		defer r.kill()
		time.Sleep(10 * time.Second)
		if all := c.records(); len(all) != 1 || all[0].Plan.ID != start || all[0].Object.Name != testName+"-"+string(start)+"-1" || all[0].Account.Phase != execution.Closed {
			t.Errorf("records: got %+v, want %s closed, with a suffix", all, start)
		}
	})
}

// A leader dies after it has written its plan. Its successor sees another node, and opens the
// execution with a plan of its own.
func TestThePlanOfALeaderThatOpenedNothingIsDeleted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		var dead atomic.Bool
		dead.Store(true)
		c.react("update", "executions", func(clienttesting.Action) (bool, runtimeObject, error) {
			return dead.Load(), nil, errors.New("dead")
		})
		store, cfg := newMemoryStore(), testConfig(everyTenMinutes)
		r := startReplica(t, c, store, cfg)
		time.Sleep(10*time.Minute + 100*time.Millisecond)
		r.kill()
		dead.Store(false)
		c.addNode("b")
		if got := len(c.planParts()); got != 1 {
			t.Errorf("plan parts of the dead leader: got %d, want 1", got)
		}
		r = startReplica(t, c, store, cfg)
		defer r.kill()
		time.Sleep(time.Minute)
		c.wantAllSucceeded(2)
		used := c.records()[0].Object.Status.Plan.Parts
		if got := c.planParts(); len(used) != 1 || !slices.Equal(got, []string{used[0].Name}) {
			t.Errorf("plan parts: got %v, want the one that is used, %v", got, used)
		}
	})
}

// planParts returns the names of the plan parts.
func (c *cluster) planParts() (names []string) {
	c.t.Helper()
	selector := jobspec.Selector(testName, jobspec.PlanPartComponent).String()
	list, err := c.client.CoreV1().ConfigMaps(testNamespace).List(c.ctx, metav1.ListOptions{LabelSelector: selector})
	must(c.t, err)
	for _, part := range list.Items {
		names = append(names, part.Name)
	}
	return names
}

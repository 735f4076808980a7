package controller

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func maxPods(n int) func(*config.Config) { return func(c *config.Config) { c.MaxPods = n } }

// newBusyCluster has nodes whose pods run for a minute each.
func newBusyCluster(t *testing.T, n int) *cluster {
	t.Helper()
	nodes := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}[:n]
	c := newCluster(t, nodes...)
	for _, node := range nodes {
		c.behave(node, behaviour{runFor: time.Minute})
	}
	return c
}

// runningNow returns how many pods run.
func (c *cluster) runningNow() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// wantShares wants the share of the only execution in its status, in the state and in the
// metrics. execution.NoShare: it has none.
func (c *cluster) wantShares(r *replica, want int) {
	c.t.Helper()
	entries := c.state().Entries
	if len(entries) != 1 || entries[0].Share != want {
		c.t.Errorf("entries: got %+v, want the share %d", entries, want)
	}
	if got := c.only().Share(); got != want {
		c.t.Errorf("podShare: got %d, want %d", got, want)
	}
	if got := r.metric("batch_job_controller_pod_share"); got != float64(max(want, 0)) {
		c.t.Errorf("metric pod_share: got %v, want %d", got, want)
	}
}

// The pool has two slots.
func TestMaxPodsCapsTheNodeTasks(t *testing.T) {
	tests := map[string]struct{ maxPods, wantPods, wantShare int }{
		"no cap":              {0, 2, execution.NoShare},
		"less than the pool":  {1, 1, 1},
		"as many as the pool": {2, 2, 2},
		"more than the pool":  {30, 2, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newBusyCluster(t, 4)
				r := startReplica(t, c, newMemoryStore(), testConfig(maxPods(tt.maxPods)))
				defer r.kill()
				time.Sleep(30 * time.Second)
				c.wantShares(r, tt.wantShare)
				if got := r.metric("batch_job_controller_max_pods"); got != float64(tt.maxPods) {
					t.Errorf("metric max_pods: got %v", got)
				}
				time.Sleep(10 * time.Minute)
				c.wantAllSucceeded(tt.wantPods)
				if e := c.only().Object; e.Status.PodShare != nil || len(c.state().Entries) != 0 {
					t.Errorf("after it has closed: got podShare %v, state %+v", e.Status.PodShare, c.state())
				}
				if got := r.metric("batch_job_controller_pod_share"); got != 0 {
					t.Errorf("metric pod_share after it has closed: got %v", got)
				}
			})
		})
	}
}

// An execution with a pool of two has run for half a minute when maxPods changes. Its pods run
// for a minute each.
func TestAChangedMaxPodsAppliesToTheOpenExecution(t *testing.T) {
	tests := map[string]struct {
		from, to  int
		wantPods  [4]int // that run a few seconds after the change, and a minute later each
		wantShare int    // in the end
	}{
		"raised":                 {1, 2, [4]int{2, 2, 2, 2}, 2},
		"raised beyond the pool": {1, 5, [4]int{2, 2, 2, 2}, 2},
		"lowered":                {2, 1, [4]int{2, 1, 1, 1}, 1},
		// Without a cap, two more tasks are admitted before they have slots.
		"introduced":                   {0, 1, [4]int{2, 2, 1, 1}, 1},
		"introduced, and of no effect": {0, 30, [4]int{2, 2, 2, 2}, 4},
		"removed":                      {1, 0, [4]int{2, 2, 2, 2}, execution.NoShare},
		"removed, and of no effect":    {30, 0, [4]int{2, 2, 2, 2}, execution.NoShare},
	}
	for name, tt := range tests {
		for _, how := range []string{"by a reload", "and another leader"} {
			t.Run(name+" "+how, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c, store := newBusyCluster(t, 12), newMemoryStore()
					r := startReplica(t, c, store, testConfig(maxPods(tt.from)))
					time.Sleep(30 * time.Second)
					if how == "by a reload" {
						r.Reconfigure(testConfig(maxPods(tt.to)))
					} else {
						r.kill()
						r = startReplica(t, c, store, testConfig(maxPods(tt.to)))
					}
					defer func() { r.kill() }()
					time.Sleep(10 * time.Second)
					for i, want := range tt.wantPods {
						if got := c.runningNow(); got != want {
							t.Errorf("pods %d minutes after the change: got %d, want %d", i, got, want)
						}
						time.Sleep(time.Minute)
					}
					c.wantShares(r, tt.wantShare)
					time.Sleep(15 * time.Minute)
					c.wantAllSucceeded(2)
				})
			})
		}
	}
}

// A person creates an Execution that is paused: it opens, so that its plan is visible, and holds
// its definition, but it admits nothing and has no share until it is resumed.
func TestAnExecutionThatOpensPausedAdmitsNothing(t *testing.T) {
	tests := map[string]struct{ maxPods, wantShare, wantLater int }{
		"without a cap": {0, execution.NoShare, execution.NoShare},
		"with a cap":    {1, 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c := newBusyCluster(t, 3)
				cfg := testConfig(maxPods(tt.maxPods), func(c *config.Config) { c.RunOnStartup = false })
				r := startReplica(t, c, newMemoryStore(), cfg)
				defer r.kill()
				c.ask("by-hand", func(e *v1alpha1.Execution) { e.Spec.Paused = true })
				time.Sleep(time.Hour)
				open := c.only()
				if got := open.Account.Admitted.Len(); open.Account.Phase != execution.Open || got != 0 || len(c.created()) != 0 {
					t.Fatalf("got %d admitted, phase %s, Jobs %v", got, open.Account.Phase, c.created())
				}
				if !open.ObservedSteering().Paused || len(open.Plan.Nodes) != 3 {
					t.Errorf("its status does not show that it is paused, or its plan has %d nodes", len(open.Plan.Nodes))
				}
				c.wantShares(r, tt.wantShare)
				c.steer(resumeIt)
				time.Sleep(30 * time.Second)
				c.wantShares(r, tt.wantLater)
				time.Sleep(time.Hour)
				c.wantAllSucceeded(2 - min(tt.maxPods, 1))
			})
		})
	}
}

// A person deletes the line of an open execution in the state, after its share has grown. The
// line is written again, with the share that the execution has now.
func TestAnEntryThatIsDeletedComesBackWithItsShare(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newBusyCluster(t, 8)
		r := startReplica(t, c, newMemoryStore(), testConfig(maxPods(1)))
		defer r.kill()
		time.Sleep(5 * time.Second)
		r.Reconfigure(testConfig(maxPods(2)))
		time.Sleep(5 * time.Second)
		c.wantShares(r, 2)
		configMaps := c.client.CoreV1().ConfigMaps(testNamespace)
		state, err := configMaps.Get(c.ctx, testName+stateSuffix, metav1.GetOptions{})
		must(t, err)
		delete(state.Data, "executions")
		_, err = configMaps.Update(c.ctx, state, metav1.UpdateOptions{})
		must(t, err)
		r.Reconfigure(testConfig(maxPods(2), everyTenMinutes)) // writes the state, which is then read
		time.Sleep(10 * time.Second)
		c.ask("by-hand")
		time.Sleep(10 * time.Second)
		c.wantShares(r, 2)
	})
}

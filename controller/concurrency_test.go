package controller

import (
	"cmp"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func underPolicy(policy plan.Policy) func(*config.Config) {
	return func(c *config.Config) { c.ConcurrencyPolicy = policy }
}

func startWithin(deadline time.Duration) func(*config.Config) {
	return func(c *config.Config) { c.StartingDeadline = deadline }
}

// ends returns how the Execution of each tick has ended so far, by its minute, and those of
// persons by their name: its phase, and if it was rejected, why.
func (c *cluster) ends() map[string]string {
	c.t.Helper()
	list, err := c.resources().List(c.ctx, metav1.ListOptions{})
	must(c.t, err)
	found := map[string]string{}
	for i := range list.Items {
		e := &list.Items[i]
		name, end := e.Name, string(e.Status.Phase)
		if e.Spec.ScheduledTime != nil {
			name = e.Spec.ScheduledTime.UTC().Format("15:04")
		}
		if why := rejectedAs(e); why != "" {
			end = why
		}
		if e.Spec.Cancel != "" {
			end += ", " + string(e.Spec.Cancel)
		}
		found[name] = end
	}
	return found
}

func (c *cluster) wantEnds(want map[string]string) {
	c.t.Helper()
	if diff := gocmp.Diff(want, c.ends()); diff != "" {
		c.t.Errorf("executions at %s (-want +got):\n%s", time.Now().UTC().Format("15:04:05"), diff)
	}
}

// sleepUntil sleeps until a time after the beginning of the bubble.
func sleepUntil(after time.Duration) { time.Sleep(time.Until(start().Add(after))) }

// lines is what people do while the execution of the tick at ten minutes is open.
type lines struct {
	policy   plan.Policy
	deadline time.Duration
	runFor   time.Duration                // of each execution
	hangs    bool                         // the pods only end when they are stopped
	asked    map[string]time.Duration     // by whom, and when
	during   func(c *cluster, r *replica) // at eleven minutes
	until    time.Duration                // 0: 29 minutes
	want     map[string]string
	events   map[string]int // how many of each reason
	missed   float64
}

func TestWhatIsDueWhileAnExecutionIsOpen(t *testing.T) {
	const minute = time.Minute
	byPerson := map[string]time.Duration{"mine": 12 * minute}
	tests := map[string]lines{
		"under Forbid, a tick is skipped": {
			policy: plan.ForbidConcurrent, deadline: 10 * minute, runFor: 12 * minute,
			want: map[string]string{"00:10": "Closed"}, events: map[string]int{kube.EventTickSkipped: 1},
		},
		"under Queue, a tick waits": {
			policy: plan.QueueConcurrent, deadline: 10 * minute, runFor: 12 * minute, until: 23 * minute,
			want: map[string]string{"00:10": "Closed", "00:20": "Open"}, events: map[string]int{kube.EventExecutionQueued: 1},
		},
		"under Queue, a tick waits for too long": {
			policy: plan.QueueConcurrent, deadline: minute, runFor: 12 * minute, missed: 1,
			want:   map[string]string{"00:10": "Closed", "00:20": v1alpha1.ReasonStartingDeadlineExceeded},
			events: map[string]int{kube.EventExecutionQueued: 1, kube.EventExecutionRejected: 1, kube.EventTicksMissed: 1},
		},
		"under Queue, two ticks wait": {
			policy: plan.QueueConcurrent, deadline: time.Hour, runFor: 25 * minute, until: 62 * minute,
			want:   map[string]string{"00:10": "Closed", "00:20": "Closed", "00:30": "Open", "00:40": "Queued", "00:50": "Queued", "01:00": "Queued"},
			events: map[string]int{kube.EventExecutionQueued: 5},
		},
		"under Queue, a person waits": {
			policy: plan.QueueConcurrent, deadline: 10 * minute, runFor: 5 * minute, asked: byPerson, until: 17 * minute,
			want: map[string]string{"00:10": "Closed", "mine": "Open"}, events: map[string]int{kube.EventExecutionQueued: 1},
		},
		"under Queue, a person and a tick wait": {
			policy: plan.QueueConcurrent, deadline: 20 * minute, runFor: 12 * minute, asked: byPerson, until: 46 * minute,
			want:   map[string]string{"00:10": "Closed", "mine": "Closed", "00:20": "Open", "00:30": "Queued", "00:40": "Queued"},
			events: map[string]int{kube.EventExecutionQueued: 4},
		},
		"under Queue, one behind the first is canceled": {
			policy: plan.QueueConcurrent, deadline: time.Hour, hangs: true, asked: map[string]time.Duration{"first": 12 * minute, "second": 13 * minute},
			during: func(c *cluster, _ *replica) {
				time.AfterFunc(4*minute, func() { c.patch("second", stopIt) })
			}, until: 17 * minute,
			want:   map[string]string{"00:10": "Open", "first": "Queued", "second": "Canceled, Stop"},
			events: map[string]int{kube.EventExecutionQueued: 2, kube.EventExecutionRejected: 1},
		},
		"under Replace, a tick replaces it": {
			policy: plan.ReplaceConcurrent, deadline: minute, hangs: true,
			want:   map[string]string{"00:10": "Closed, Stop", "00:20": "Open"},
			events: map[string]int{kube.EventExecutionReplaced: 1, kube.EventExecutionQueued: 1},
		},
		"under Replace, a person replaces it": {
			policy: plan.ReplaceConcurrent, deadline: minute, hangs: true, asked: byPerson, until: 15 * minute,
			want:   map[string]string{"00:10": "Closed, Stop", "mine": "Open"},
			events: map[string]int{kube.EventExecutionReplaced: 1, kube.EventExecutionQueued: 1},
		},
		"under Replace, it is paused": {
			policy: plan.ReplaceConcurrent, deadline: minute, hangs: true, asked: byPerson, until: 15 * minute,
			during: func(c *cluster, _ *replica) { c.patch(c.only().Object.Name, pauseIt) },
			want:   map[string]string{"00:10": "Closed, Stop", "mine": "Open"},
			events: map[string]int{kube.EventExecutionReplaced: 1, kube.EventExecutionQueued: 1},
		},
		"under Replace, a person drains it": {
			policy: plan.ReplaceConcurrent, deadline: minute, hangs: true, asked: byPerson, until: 15 * minute,
			during: func(c *cluster, _ *replica) { c.patch(c.only().Object.Name, drainIt) },
			want:   map[string]string{"00:10": "Closed, Stop", "mine": "Open"},
			events: map[string]int{kube.EventExecutionReplaced: 1, kube.EventExecutionQueued: 1},
		},
		"under Replace, nothing is open": {
			policy: plan.ReplaceConcurrent, deadline: minute, runFor: minute,
			want: map[string]string{"00:10": "Closed", "00:20": "Closed"}, events: map[string]int{},
		},
		"under Forbid, and later under Queue": {
			policy: plan.ForbidConcurrent, deadline: 10 * minute, runFor: 12 * minute, until: 23 * minute,
			during: func(c *cluster, _ *replica) {
				c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.ConcurrencyPolicy = v1alpha1.QueueConcurrent })
			},
			want: map[string]string{"00:10": "Closed", "00:20": "Open"}, events: map[string]int{kube.EventExecutionQueued: 1},
		},
		"under Queue, and later under Forbid": {
			policy: plan.QueueConcurrent, deadline: 10 * minute, runFor: 12 * minute, asked: map[string]time.Duration{"mine": 10*minute + 30*time.Second},
			during: func(c *cluster, _ *replica) {
				c.redefine(testName, func(n *v1alpha1.NodeCronJob) { n.Spec.ConcurrencyPolicy = v1alpha1.ForbidConcurrent })
			},
			want:   map[string]string{"00:10": "Closed", "mine": v1alpha1.ReasonConcurrencyForbidden},
			events: map[string]int{kube.EventExecutionQueued: 1, kube.EventExecutionRejected: 1, kube.EventTickSkipped: 1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { inBubble(t, tt.run) })
	}
}

func (tt lines) run(t *testing.T) {
	c := newCluster(t, "a")
	c.behave("a", behaviour{runFor: tt.runFor, hangs: tt.hangs})
	r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes, startWithin(tt.deadline), underPolicy(tt.policy)))
	defer r.kill()
	for _, name := range slices.Sorted(maps.Keys(tt.asked)) {
		time.AfterFunc(time.Until(start().Add(tt.asked[name])), func() { c.ask(name) })
	}
	if tt.during != nil {
		time.AfterFunc(11*time.Minute, func() { tt.during(c, r) })
	}
	sleepUntil(cmp.Or(tt.until, 29*time.Minute))
	c.wantEnds(tt.want)
	got := map[string]int{}
	for _, reason := range []string{kube.EventExecutionQueued, kube.EventExecutionRejected, kube.EventExecutionReplaced, kube.EventTickSkipped, kube.EventTicksMissed} {
		for _, e := range c.eventsOf(reason) {
			got[reason] += int(max(e.Count, 1))
		}
	}
	if diff := gocmp.Diff(tt.events, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got := r.metric("batch_job_controller_ticks_missed_total"); got != tt.missed {
		t.Errorf("ticks missed: got %v, want %v", got, tt.missed)
	}
	for _, e := range c.eventsOf(kube.EventTicksMissed) {
		if !contains(e.Message, "has not ended") {
			t.Errorf("the event does not say what the tick waited for: %s", e.Message)
		}
	}
}

// The status of an Execution cannot say that it waits while the next tick comes. Both
// Executions run: when the first one begins, the later tick must not count as processed.
func TestNoTickIsLostBehindOneThatWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c := newCluster(t, "a")
		c.behave("a", behaviour{runFor: 22 * time.Minute})
		r := startReplica(t, c, newMemoryStore(), testConfig(everyTenMinutes, startWithin(time.Hour), underPolicy(plan.QueueConcurrent), func(c *config.Config) { c.CronExpression = "10,20,30 * * * *" }))
		defer r.kill()
		c.react("update", "executions", func(action clienttesting.Action) (bool, runtimeObject, error) {
			e := action.(clienttesting.UpdateAction).GetObject().(*v1alpha1.Execution)
			return e.Status.Phase == v1alpha1.Queued && time.Since(start()) < 33*time.Minute, nil, policyDenial("executions")
		})
		sleepUntil(59 * time.Minute)
		c.wantEnds(map[string]string{"00:10": "Closed", "00:20": "Closed", "00:30": "Open"})
	})
}

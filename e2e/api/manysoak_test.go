//go:build e2e

package api

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The variable for the number of leaders that die or sleep under one cap, which also makes the
// test large.
const manyKillsVariable = "SOAK_MANY_KILLS"

// manySoak is a soak of many definitions, whose pods one cap bounds.
type manySoak struct {
	*soak
	definitions []string // by priority, the highest first
	rounds      int
	pauseEach   int // of so many reigns, one ends with a pause
	pauses      int
	overtaken   int // pauses in which the other replica has admitted node tasks
}

// Two replicas alternate as the leader while executions of many definitions are open, and more
// of their pods want to run than the cap permits. Now and then the leader is not killed: it
// sleeps, and goes on as if it still led. Whatever a leader is doing then, the cap holds, nothing
// is lost, nothing runs twice, and every definition has its turn.
func TestOneCapHoldsForManyDefinitionsWhenLeadersAreKilled(t *testing.T) {
	t.Parallel()
	reigns, pauseEach, definitions, nodes, maxPods := 6, 3, 4, 20, 6
	if os.Getenv(manyKillsVariable) != "" {
		reigns, pauseEach, definitions, nodes, maxPods = fromEnv(t, manyKillsVariable, 0), 10, 20, 200, 30
	}
	s := newManySoak(t, definitions, nodes, maxPods)
	s.pauseEach = pauseEach
	for s.reigns() < reigns {
		s.round(reigns)
	}
	s.finish()
	t.Logf("%d definitions, %d rounds, %d pauses, in %d of them the other replica admitted node tasks", definitions, s.rounds, s.pauses, s.overtaken)
	if s.pauses > 0 && s.overtaken == 0 {
		t.Error("no leader went on after another one had admitted node tasks")
	}
}

func newManySoak(t *testing.T, definitions, nodes, maxPods int) *manySoak {
	t.Helper()
	site := rig.NewSite(t, shared, rig.Config{Pool: maxPods, RunFor: untilEnded, Keys: map[string]any{
		"runOnStartup": false, "maxPods": maxPods,
	}})
	s := &manySoak{soak: &soak{t: t, site: site, nodes: site.AddNodes(nodes), began: time.Now(), checked: map[execution.ID]bool{}}}
	for replica := range 2 {
		s.servers = append(s.servers, site.NewServer(replica+1).WithLease(rig.ShortLease()))
	}
	s.pods = playPods(t, site, func() time.Duration { return time.Second/2 + rand.N(time.Second/2) }, s.servers...)
	for _, server := range s.servers {
		server.Start()
	}
	for i := range definitions {
		name := fmt.Sprintf("definition%02d", i)
		define(t, site, name, func(n *v1alpha1.NodeCronJob) {
			n.Spec.Priority, n.Spec.Result, n.Spec.JobHistory = int32(-i), v1alpha1.ResultExpected, 1
			n.Spec.Metrics.Gauges = map[string]v1alpha1.Gauge{"temperature": {Help: "How warm it is.", Labels: []v1alpha1.MetricLabel{"sensor"}}}
		})
		s.definitions = append(s.definitions, name)
	}
	for _, name := range s.definitions {
		waitCondition(t, site, name, v1alpha1.ConditionReady, metav1.ConditionTrue)
	}
	return s
}

// reigns returns how many leaders have been killed or paused.
func (s *manySoak) reigns() int { return len(s.kills) + s.pauses }

// round runs an execution of each definition, and ends reigns meanwhile.
func (s *manySoak) round(reigns int) {
	s.t.Helper()
	s.rounds++
	for _, name := range s.definitions {
		ask(s.t, s.site, func(e *v1alpha1.Execution) {
			e.Name, e.Spec.NodeCronJobName = fmt.Sprintf("%s-round%d", name, s.rounds), name
		})
	}
	opened := s.rounds * len(s.definitions)
	for over := false; !over; {
		switch {
		case s.reigns() >= reigns:
			s.restartEnded()
			<-time.After(time.Second)
		case s.reigns()%s.pauseEach == 1:
			s.pauseLeader()
		default:
			s.killLeader()
		}
		s.checkClosed()
		s.site.Audit.Read(func(state *audit.State) { over = len(state.Records) == opened && state.Closed() })
	}
	s.checkClosed()
	var first, last time.Time
	s.site.Audit.Read(func(state *audit.State) {
		for id, record := range state.Records {
			switch record.Name {
			case fmt.Sprintf("%s-round%d", s.definitions[0], s.rounds):
				first = state.ClosedAt(id)
			case fmt.Sprintf("%s-round%d", s.definitions[len(s.definitions)-1], s.rounds):
				last = state.ClosedAt(id)
			}
		}
	})
	if !first.Before(last) {
		s.t.Errorf("round %d: the execution of the highest priority closed at %s, that of the lowest at %s", s.rounds, first, last)
	}
}

// pauseLeader waits for a leader, and pauses it until the other replica leads and has admitted node
// tasks. Then both believe that they lead, until the first one notices.
func (s *manySoak) pauseLeader() {
	s.t.Helper()
	stale := s.awaitLeader()
	stale.Pause()
	eventually(s.t, "the other replica leads", func() bool {
		s.restartEnded()
		return s.leader() != nil
	})
	// No request of the paused leader is under way any more: the Lease has expired since.
	var before int
	s.site.Audit.Read(func(state *audit.State) { before = s.admitted(state) })
	all, now := s.rounds*len(s.definitions)*len(s.nodes), 0
	s.site.Audit.Until(patience, "the other replica has admitted node tasks, or all are", func(state *audit.State) bool {
		now = s.admitted(state)
		return now > before || now == all
	})
	stale.Resume()
	s.pauses++
	if now > before {
		s.overtaken++
	}
	s.holder = "" // the other replica's reign goes on
}

// admitted returns how many node tasks have been admitted so far.
func (s *manySoak) admitted(state *audit.State) (n int) {
	for id, record := range state.Records {
		admitted, err := execution.ParseIndexes(string(record.Status.Account.Admitted))
		if err != nil {
			s.t.Errorf("execution %s: %v", id, err)
		}
		n += admitted.Len()
	}
	return n
}

// checkClosed checks the executions that have closed since the last time.
func (s *manySoak) checkClosed() {
	s.t.Helper()
	var closed []execution.ID
	s.site.Audit.Read(func(state *audit.State) {
		for id := range maps.Keys(state.Records) {
			if !state.ClosedAt(id).IsZero() && !s.checked[id] {
				closed = append(closed, id)
			}
		}
	})
	s.check(closed)
}

//go:build e2e

package api

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The variables for the number of kills, and of concurrent sites.
const (
	killsVariable, defaultKills = "SOAK_KILLS", 50
	sitesVariable, defaultSites = "SOAK_SITES", 1
)

const (
	soakNodes = 200
	// With these values, an execution without a kill takes about half a minute, and most
	// kills happen during an execution.
	soakPool  = 20
	soakThink = 2500 * time.Millisecond // of each pod, at least half of it
	// The time from a replica's start of leadership to its kill. Some replicas are killed
	// while they recover.
	longestReign = 2 * time.Second
)

// Two replicas alternate as the leader while the kills last, and executions follow one another.
// Whatever the leader is doing when it is killed, nothing may be lost, and nothing may run
// twice.
func TestNothingIsLostWhenLeadersAreKilledAtRandom(t *testing.T) {
	t.Parallel()
	kills, sites := fromEnv(t, killsVariable, defaultKills), fromEnv(t, sitesVariable, defaultSites)
	for i := range sites {
		t.Run(fmt.Sprintf("site %d", i+1), func(t *testing.T) {
			t.Parallel()
			s := newSoak(t)
			for range (kills + sites - 1) / sites {
				s.killLeader()
				s.checkPast()
			}
			s.finish()
		})
	}
}

func fromEnv(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: must be a positive number", variable, text)
	}
	return n
}

// soak is the test on one site.
type soak struct {
	t       *testing.T
	site    *rig.Site
	nodes   []string
	servers []*rig.Server
	pods    *pods
	began   time.Time

	holder  string // of the Lease at the last kill
	kills   []kill
	ended   int // processes that ended by themselves
	checked map[execution.ID]bool
	tasks   int
	slowest time.Duration // execution
}

// kill is the time of a kill, and the execution whose Jobs were not all created, if any.
type kill struct {
	at   time.Time
	busy execution.ID
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	site := rig.NewSite(t, shared, rig.Config{Pool: soakPool, RunFor: untilEnded, Keys: map[string]any{
		"cronExpression": "* * * * *", "reportHistory": 4, "jobHistory": 1,
	}})
	s := &soak{t: t, site: site, nodes: site.AddNodes(soakNodes), began: time.Now(), checked: map[execution.ID]bool{}}
	for replica := range 2 {
		s.servers = append(s.servers, site.NewServer(replica+1).WithLease(rig.ShortLease()))
	}
	s.pods = playPods(t, site, func() time.Duration { return soakThink/2 + rand.N(soakThink/2) }, s.servers...)
	for _, server := range s.servers {
		server.Start()
	}
	return s
}

// awaitLeader waits until another replica leads, and some more time, and returns it.
func (s *soak) awaitLeader() (leader *rig.Server) {
	s.t.Helper()
	eventually(s.t, "another replica leads", func() bool {
		s.restartEnded()
		leader = s.leader()
		return leader != nil
	})
	<-time.After(rand.N(longestReign))
	return leader
}

// killLeader waits for a leader, and kills and restarts it.
func (s *soak) killLeader() {
	s.t.Helper()
	leader := s.awaitLeader()
	k := kill{at: time.Now()}
	s.site.Audit.Read(func(state *audit.State) {
		if id := newest(state); !state.Closed() && len(state.Of(id).Jobs) < len(s.nodes) {
			k.busy = id
		}
	})
	leader.Kill()
	leader.Start()
	s.kills = append(s.kills, k)
}

func newest(state *audit.State) (id execution.ID) {
	for other := range state.Records {
		id = max(id, other)
	}
	return id
}

// leader returns the holder of the Lease, or nil if it is still that of the last kill.
func (s *soak) leader() *rig.Server {
	lease, err := shared.Client.CoordinationV1().Leases(s.site.Namespace).Get(s.t.Context(), rig.Name+"-leader", metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == s.holder {
		return nil
	}
	for i, server := range s.servers {
		if strings.HasPrefix(*lease.Spec.HolderIdentity, fmt.Sprintf("replica-%d", i+1)) && server.Running() {
			s.holder = *lease.Spec.HolderIdentity
			return server
		}
	}
	return nil
}

// restartEnded restarts replicas that have ended by themselves, as a kubelet does.
func (s *soak) restartEnded() {
	for _, server := range s.servers {
		if !server.Running() {
			s.ended++
			server.Start()
		}
	}
}

// checkPast checks the closed executions before the newest one.
func (s *soak) checkPast() {
	s.t.Helper()
	var past []execution.ID
	s.site.Audit.Read(func(state *audit.State) {
		current := newest(state)
		for id := range state.Records {
			if !state.ClosedAt(id).IsZero() && id < current && !s.checked[id] {
				past = append(past, id)
			}
		}
	})
	s.check(past)
}

func (s *soak) check(ids []execution.ID) {
	s.t.Helper()
	if len(ids) == 0 {
		return
	}
	metrics := s.metrics()
	for _, id := range ids {
		s.checked[id] = true
		report := checkExecution(s.t, s.site, id, s.nodes)
		s.pods.checkTaken(s.t, report, metrics)
		s.tasks += len(report.Tasks)
		s.slowest = max(s.slowest, report.Closed.Sub(report.Scheduled))
	}
}

// metrics returns the leader's metrics, with all results: those of the scrape after one that
// showed that it leads. The leader may change at any time.
func (s *soak) metrics() (metrics rig.Metrics) {
	s.t.Helper()
	eventually(s.t, "the leader can be scraped", func() bool {
		s.restartEnded()
		for _, server := range s.servers {
			if _, leads := scrapeLeader(server); leads {
				if m, leads := scrapeLeader(server); leads {
					metrics = m
				}
			}
		}
		return metrics != nil
	})
	return metrics
}

// finish waits for the end of the last execution, and logs a summary.
func (s *soak) finish() {
	s.t.Helper()
	s.site.Audit.Until(patience, "all executions are closed", (*audit.State).Closed)
	var ids []execution.ID
	s.site.Audit.Read(func(state *audit.State) {
		for id := range maps.Keys(state.Records) {
			if !s.checked[id] && !state.ClosedAt(id).IsZero() {
				ids = append(ids, id)
			}
		}
	})
	s.check(ids)
	checkPool(s.t, s.site)
	busy, slowest, of := s.takeOvers()
	s.site.Audit.Read(func(state *audit.State) {
		s.t.Logf("%d kills in %s, %d of them while Jobs were to be created: %d executions, %d node tasks, %d results accepted (%d attempts); "+
			"slowest take-over %s (of the kill at %s), slowest execution %s, at most %d pods live; %d processes ended by themselves",
			len(s.kills), time.Since(s.began).Round(time.Second), busy, len(s.checked), s.tasks, len(s.pods.allTaken()), s.pods.tries,
			slowest.Round(10*time.Millisecond), of.UTC().Format(time.StampMilli), s.slowest, state.MostLive, s.ended)
	})
}

// takeOvers returns the number of kills before all Jobs of an execution were created, and the
// longest time from such a kill to the next Job. If the next leader was killed before it
// created a Job, only the last kill counts.
func (s *soak) takeOvers() (busy int, slowest time.Duration, of time.Time) {
	s.site.Audit.Read(func(state *audit.State) {
		for i, k := range s.kills {
			if k.busy == "" {
				continue
			}
			busy++
			next := firstJob(state, k)
			if i+1 < len(s.kills) && next.After(s.kills[i+1].at) {
				continue
			}
			if took := next.Sub(k.at); took > slowest {
				slowest, of = took, k.at
			}
		}
	})
	return busy, slowest, of
}

// firstJob returns when the next leader created its first Job, or the zero time
// if there were none left to create.
func firstJob(state *audit.State, k kill) (first time.Time) {
	const soonest = time.Second // the killed leader has sent earlier ones
	for uid := range state.Of(k.busy).Jobs {
		at := state.FirstSeen[uid]
		if at.After(k.at.Add(soonest)) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

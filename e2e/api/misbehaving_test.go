//go:build e2e

package api

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/faults"
)

// misbehaviour is a fault of the API server from the first Job to the end of the
// execution.
type misbehaviour struct {
	fault      faults.Fault
	lag        time.Duration // of all watches
	cutWatches time.Duration // how often
	perSecond  float64       // requests at most, on average
}

func misbehaviours() map[string]misbehaviour {
	return map[string]misbehaviour{
		"every third request fails": {fault: func(*http.Request) faults.Misbehaviour {
			statuses := []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTooManyRequests}
			if rand.IntN(3) > 0 {
				return faults.Misbehaviour{}
			}
			return faults.Misbehaviour{Status: statuses[rand.IntN(len(statuses))]}
		}, perSecond: 60},
		"half of the responses to writes are lost": {fault: func(r *http.Request) faults.Misbehaviour {
			if r.Method == http.MethodGet || rand.IntN(2) > 0 {
				return faults.Misbehaviour{}
			}
			return faults.Misbehaviour{Status: http.StatusGatewayTimeout, Committed: true}
		}, perSecond: 60},
		"half of the requests get 429 with Retry-After": {fault: func(*http.Request) faults.Misbehaviour {
			if rand.IntN(2) > 0 {
				return faults.Misbehaviour{}
			}
			return faults.Misbehaviour{Status: http.StatusTooManyRequests, RetryAfter: 1}
		}, perSecond: 60},
		"every second write of the record conflicts": {fault: func(r *http.Request) faults.Misbehaviour {
			if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/configmaps/") && rand.IntN(2) > 0 {
				return faults.Misbehaviour{Status: http.StatusConflict}
			}
			return faults.Misbehaviour{}
		}, perSecond: 60},
		"watches end every two seconds": {cutWatches: 2 * time.Second, perSecond: 60},
		"watches are five seconds late": {lag: 5 * time.Second, perSecond: 60},
	}
}

func TestAnAPIServerThatMisbehaves(t *testing.T) {
	t.Parallel()
	for name, m := range misbehaviours() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := rig.NewSite(t, shared, rig.Config{Pool: 4, RunFor: time.Second})
			nodes := site.AddNodes(20)
			proxy := site.NewProxy()
			proxy.Lag(m.lag)
			server := site.NewServer(1).WithKubeconfig(proxy.Kubeconfig())
			server.Start()
			site.Audit.Until(patience, "a Job is created", func(state *audit.State) bool { return len(state.Jobs) > 0 })
			proxy.Misbehave(m.fault)
			if m.cutWatches > 0 {
				defer every(m.cutWatches, proxy.CutWatches)()
			}
			began, before := time.Now(), proxy.Requests()

			report := waitClosed(t, site)
			rate := float64(proxy.Requests()-before) / time.Since(began).Seconds()
			t.Logf("closed after %s, %.1f requests a second", time.Since(began).Round(time.Millisecond), rate)
			if rate > m.perSecond {
				t.Errorf("%.0f requests a second, want at most %.0f", rate, m.perSecond)
			}
			checkOnce(t, site, nodes)
			checkReport(t, report, all(nodes, succeeded()))
		})
	}
}

// every calls f repeatedly until stop is called.
func every(pause time.Duration, f func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				f()
			case <-ctx.Done():
				return
			}
		}
	}()
	return cancel
}

// The server cannot connect to the API server for a minute, and for longer than its Lease is
// valid. The pods continue meanwhile, and report.
func TestResultsAreTakenWhileTheAPIServerIsAway(t *testing.T) {
	t.Parallel()
	const away = time.Minute
	site := rig.NewSite(t, shared, rig.Config{Pool: 3, RunFor: untilEnded})
	nodes := site.AddNodes(9)
	proxy := site.NewProxy()
	server := site.NewServer(1).WithKubeconfig(proxy.Kubeconfig())
	server.Start()
	urls := map[string]string{}
	for _, node := range nodes[:3] {
		urls[node] = site.Env(waitRunning(t, site, node))[jobspec.EnvResultURL]
	}
	proxy.Down() // only for the server: pods continue
	timer := time.NewTimer(away)
	defer timer.Stop()
	taken := 0
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	for back := false; !back; {
		for node, url := range urls {
			post(t, url, fmt.Sprintf(`{"temperature":[{"value":%d,"labels":{"sensor":%q}}]}`, taken, node))
			taken++
		}
		select {
		case <-timer.C:
			back = true
		case <-ticker.C:
		}
	}
	endPods(t, site, atOnce)
	site.Audit.Until(patience, "no pod runs", func(state *audit.State) bool { return len(state.AllRunning()) == 0 })
	before := 0
	site.Audit.Read(func(state *audit.State) { before = len(state.Jobs) })
	began := time.Now()
	proxy.Up()
	site.Audit.Until(patience, "the next Job is created", func(state *audit.State) bool { return len(state.Jobs) > before })
	t.Logf("%d results were taken in %s; the next Job came %s after the API server was back", taken, away, time.Since(began).Round(time.Millisecond))

	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	checkReport(t, report, all(nodes, succeeded()))
	for _, task := range report.Tasks {
		if _, want := urls[task.Node]; task.Reported != want {
			t.Errorf("node %s: reported %t, want %t", task.Node, task.Reported, want)
		}
	}
}

// Not parallel: all tests share the cluster. A simulated kubelet may lose a pod, which then
// never starts or never ends: its node fails at the deadline.
func TestEtcdThatIsKilledAndRestarted(t *testing.T) {
	const deadline = 20 * time.Second
	site := rig.NewSite(t, shared, rig.Config{Pool: 4, RunFor: time.Second, Keys: map[string]any{
		"startDeadline": deadline.String(), "jobTimeout": deadline.String(),
	}})
	nodes := site.AddNodes(24)
	site.NewServer(1).Start()
	for _, enough := range []int{3, 12} {
		site.Audit.Until(patience, fmt.Sprintf("%d Jobs are created", enough), func(state *audit.State) bool { return len(state.Jobs) >= enough })
		shared.RestartEtcd(t, 3*time.Second)
	}
	report := waitClosed(t, site)
	checkOnce(t, site, nodes)
	want := all(nodes, succeeded())
	site.Audit.Read(func(state *audit.State) {
		for _, task := range report.Tasks {
			if state.EndedWell(task.Node) {
				continue
			}
			t.Logf("the pod of node %s was lost by its kubelet: %s %s", task.Node, task.State, task.Reason)
			want[task.Node] = execution.Outcome{State: execution.Failed, Reason: task.Reason}
		}
	})
	checkReport(t, report, want)
}

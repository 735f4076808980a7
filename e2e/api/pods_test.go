//go:build e2e

package api

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// untilEnded is the duration of pods that the test ends earlier.
const untilEnded = time.Hour

// pods simulate the pods of a site, which run nothing: each posts one result, retries until it
// is accepted, as curl --retry does, and then ends.
type pods struct {
	site  *rig.Site
	hosts []string             // of the replicas; a Service would choose one
	think func() time.Duration // how long a pod runs before it posts

	mu    sync.Mutex
	seen  map[types.UID]bool
	taken map[execution.Key]int // the values with a response of 200
	tries int
	first chan struct{} // closed when the first one is accepted
}

// playPods simulates the pods until the test ends.
func playPods(t *testing.T, site *rig.Site, think func() time.Duration, servers ...*rig.Server) *pods {
	t.Helper()
	p := &pods{
		site: site, think: think,
		seen: map[types.UID]bool{}, taken: map[execution.Key]int{}, first: make(chan struct{}),
	}
	for _, s := range servers {
		p.hosts = append(p.hosts, s.Host)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var posting sync.WaitGroup
	posting.Go(func() {
		site.Audit.Follow(ctx, func(state *audit.State) {
			for _, pod := range state.AllRunning() {
				if p.isNew(pod) {
					posting.Go(func() { p.run(ctx, t, pod) })
				}
			}
		})
	})
	t.Cleanup(func() {
		cancel()
		posting.Wait()
	})
	return p
}

func (p *pods) isNew(pod *corev1.Pod) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen[pod.UID]
	p.seen[pod.UID] = true
	return !seen
}

const retryPause = 200 * time.Millisecond

// run simulates one pod.
func (p *pods) run(ctx context.Context, t *testing.T, pod *corev1.Pod) {
	key, ok := jobspec.KeyOf(pod)
	if !ok {
		t.Errorf("pod %s does not belong to a node task", pod.Name)
		return
	}
	env, err := p.site.EnvOf(ctx, pod)
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
		}
		return
	}
	at := env[jobspec.EnvResultURL]
	value := rand.IntN(1 << 30)
	for pause := p.think(); ; pause = retryPause {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		status, err := p.post(ctx, at, resultBody(value))
		if err == nil && status == http.StatusOK {
			p.note(key, value)
			break
		}
		if err == nil && status < http.StatusInternalServerError {
			t.Errorf("the result of node %s in %s: got status %d", key.Node, key.Execution, status)
			break
		}
	}
	if err := p.site.EndPod(ctx, pod); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

// endPods ends each running pod after the duration that may returns. So a test can prepare its
// next step before the pods end, however long that takes.
func endPods(t *testing.T, site *rig.Site, may func() time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	seen := map[types.UID]bool{}
	var ending sync.WaitGroup
	ending.Go(func() {
		site.Audit.Follow(ctx, func(state *audit.State) {
			for _, pod := range state.AllRunning() {
				if seen[pod.UID] {
					continue
				}
				seen[pod.UID] = true
				ending.Go(func() {
					may()
					if err := site.EndPod(ctx, pod); err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) {
						t.Error(err)
					}
				})
			}
		})
	})
	t.Cleanup(func() {
		cancel()
		ending.Wait()
	})
}

// gate lets pods continue one after the other, so that an execution does not end before the
// test has finished its steps.
type gate chan struct{}

func (g gate) open(pods int) {
	for range pods {
		g <- struct{}{}
	}
}

// pass waits for the gate, and returns how long a pod runs from then on.
func (g gate) pass() time.Duration {
	<-g
	return 0
}

func resultBody(value int) string {
	return fmt.Sprintf(`{"temperature":[{"value":%d,"labels":{"sensor":"cpu"}}]}`, value)
}

func (p *pods) note(key execution.Key, value int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken[key] = value
	if len(p.taken) == 1 {
		close(p.first)
	}
}

// post posts to one of the replicas. Like curl, it does not keep the connection.
func (p *pods) post(ctx context.Context, at, body string) (status int, err error) {
	const aPodWaits = 40 * time.Second
	p.mu.Lock()
	p.tries++
	p.mu.Unlock()
	target, err := url.Parse(at)
	if err != nil {
		return 0, err
	}
	target.Host = net.JoinHostPort(p.hosts[rand.IntN(len(p.hosts))], target.Port())
	ctx, cancel := context.WithTimeout(ctx, aPodWaits)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// takenOf returns the accepted values of an execution's nodes.
func (p *pods) takenOf(id execution.ID) map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	values := map[string]int{}
	for key, value := range p.taken {
		if key.Execution == id {
			values[key.Node] = value
		}
	}
	return values
}

func (p *pods) allTaken() map[execution.Key]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.taken)
}

// checkTaken checks that each node's result of a closed execution was accepted, and is on the
// disk, in the report, and in the leader's metrics.
func (p *pods) checkTaken(t *testing.T, report execution.Report, metrics rig.Metrics) {
	t.Helper()
	prefix, reported := "site", map[string]bool{}
	if report.NodeCronJob != rig.Name {
		prefix = report.NodeCronJob // see define
	}
	for _, task := range report.Tasks {
		reported[task.Node] = task.Reported
	}
	taken := p.takenOf(report.ID)
	if len(taken) != len(report.Tasks) {
		t.Errorf("execution %s: the results of %d of %d nodes were accepted", report.ID, len(taken), len(report.Tasks))
	}
	for node, value := range taken {
		stored, err := os.ReadFile(filepath.Join(p.site.ReportDir, string(report.ID), node+".json"))
		if err != nil || string(stored) != resultBody(value) {
			t.Errorf("execution %s, node %s: %d was accepted, stored is %q, %v", report.ID, node, value, stored, err)
		}
		if !reported[node] {
			t.Errorf("execution %s, node %s: %d was accepted, the report says that there is no result", report.ID, node, value)
		}
		series := fmt.Sprintf(`%s_temperature{executionID="%s",node="%s",sensor="cpu"}`, prefix, report.ID, node)
		if exported, ok := metrics[series]; !ok || exported != float64(value) {
			t.Errorf("execution %s, node %s: %d was accepted, exported is %v", report.ID, node, value, exported)
		}
	}
}

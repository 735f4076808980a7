//go:build e2e

package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/route"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// The targets of the server for results. Each result is durable before the response.
const (
	minResults      = 2000 // a second, over connections connections
	connections     = 64
	maxResultP99    = 120 * time.Millisecond
	perNode         = 50               // results of each node, twice
	maxStorm        = 60 * time.Second // for all of them at once
	maxStormMemory  = 256 << 20
	resultsPatience = 10 * time.Minute
)

// BenchmarkResults posts thousands of results twice: over a few connections, and then all
// at once. The pods of the nodes run meanwhile. There are few nodes, because the cost of
// the heartbeats of a thousand nodes is not measured.
func BenchmarkResults(b *testing.B) {
	n := number(b, "BENCH_RESULTS", 10000)
	tasks := max(n/perNode, 1)
	site := rig.NewSite(b, shared, rig.Config{Pool: tasks, RunFor: time.Hour, Keys: map[string]any{
		"callback": map[string]any{"limits": map[string]any{"resultsPerTask": 2 * perNode}},
	}})
	site.AddNodes(tasks)
	process := site.NewServer(1).WithArgs("--pprof-bind-address=127.0.0.1:6061")
	process.Start()
	urls := waitForPods(b, site, process, tasks)
	all := slices.Repeat(urls, perNode)

	steady := post(b, all, connections, "1")
	storm := post(b, all, len(all), "2")
	if stored := process.Metrics().Sum("batch_job_controller_result_samples_total"); stored < float64(2*len(all)) {
		b.Errorf("%.0f results were stored, want %d", stored, 2*len(all))
	}
	for _, u := range urls {
		stored, err := os.ReadFile(filepath.Join(site.ReportDir, string(u.key.Execution), u.key.Node+".json"))
		if err != nil || !bytes.Equal(stored, resultOf("2")) {
			b.Fatalf("the result of %s is %q, %v", u.key.Node, stored, err)
		}
	}
	usage := process.Usage()
	process.Kill()
	rate := float64(len(all)) / steady.took.Seconds()
	b.Run(fmt.Sprintf("results=%d/nodes=%d", len(all), tasks), func(b *testing.B) {
		for b.Loop() { // the work is done above
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(rate, "results/s")
		b.ReportMetric(milliseconds(percentile(steady.each, 50)), "result-p50-ms")
		b.ReportMetric(milliseconds(percentile(steady.each, 99)), "result-p99-ms")
		b.ReportMetric(storm.took.Seconds(), "storm-s")
		b.ReportMetric(float64(usage.PeakRSS)/(1<<20), "rss-MiB")
	})
	fmt.Printf("\n%d results of %d nodes: over %d connections %.0f a second, p50 %.1f ms, p99 %.1f ms; all at once in %.1fs, %d retries\n",
		len(all), tasks, connections, rate, milliseconds(percentile(steady.each, 50)), milliseconds(percentile(steady.each, 99)), storm.took.Seconds(), storm.again)
	target("results-ms", 1000/rate, 1000.0/minResults)
	target("result-p99-ms", milliseconds(percentile(steady.each, 99)), milliseconds(maxResultP99))
	target("storm-s", storm.took.Seconds(), maxStorm.Seconds())
	target("storm-rss-MiB", float64(usage.PeakRSS)/(1<<20), maxStormMemory>>20)
}

// callbackURL is the URL to which a node task sends its result.
type callbackURL struct {
	key execution.Key
	url string
}

// waitForPods waits until every node's pod runs, and returns their callback URLs.
func waitForPods(b *testing.B, site *rig.Site, process *rig.Server, n int) []callbackURL {
	b.Helper()
	var id execution.ID
	site.Audit.Until(resultsPatience, fmt.Sprintf("%d pods run", n), func(s *audit.State) bool {
		running := 0
		for _, pod := range s.Pods {
			if pod.Status.Phase == corev1.PodRunning {
				running++
			}
		}
		for open := range s.Records {
			id = open
		}
		return running == n
	})
	secrets, err := site.Client.CoreV1().Secrets(site.Namespace).List(b.Context(), metav1.ListOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var urls []callbackURL
	for _, secret := range secrets.Items {
		if secret.Name == rig.Name+"-callback-key" {
			continue
		}
		for node, token := range secret.Data {
			key := execution.Key{Execution: id, Node: node}
			urls = append(urls, callbackURL{key, process.CallbackURL(route.Result, key, string(token))})
		}
	}
	if len(urls) != n {
		b.Fatalf("there are %d tokens, want %d", len(urls), n)
	}
	return urls
}

// posted is the outcome of many requests.
type posted struct {
	took  time.Duration
	each  []time.Duration // sorted
	again int             // requests that were retried
}

func resultOf(value string) []byte {
	return []byte(`{"temperature":[{"value":` + value + `,"labels":{"sensor":"cpu"}}]}`)
}

// post posts one result for each node over as many connections.
func post(b *testing.B, urls []callbackURL, connections int, value string) posted {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(b.Context(), resultsPatience)
	defer cancel()
	next, results := make(chan callbackURL), make(chan attempt, len(urls))
	var senders sync.WaitGroup
	began := time.Now()
	for range connections {
		senders.Go(func() {
			for u := range next {
				results <- postOne(ctx, client, u, resultOf(value))
			}
		})
	}
	for _, u := range urls {
		next <- u
	}
	close(next)
	senders.Wait()
	p := posted{took: time.Since(began)}
	close(results)
	for a := range results {
		if a.err != nil {
			b.Fatal(a.err)
		}
		p.each = append(p.each, a.took)
		p.again += a.again
	}
	slices.Sort(p.each)
	return p
}

type attempt struct {
	took  time.Duration
	again int
	err   error
}

// postOne retries as curl --retry does: after the time of the header Retry-After, or else
// after a pause that doubles.
func postOne(ctx context.Context, client *http.Client, u callbackURL, body []byte) (a attempt) {
	began := time.Now()
	for pause := time.Second; ; pause *= 2 {
		after, retry, err := tryOne(ctx, client, u, body)
		if err == nil || !retry {
			a.took, a.err = time.Since(began), err
			return a
		}
		a.again++
		select {
		case <-time.After(cmp.Or(after, pause)):
		case <-ctx.Done():
			a.err = errors.Join(ctx.Err(), err)
			return a
		}
	}
}

func tryOne(ctx context.Context, client *http.Client, u callbackURL, body []byte) (after time.Duration, retry bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url, bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, true, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, true, err
	}
	if response.StatusCode == http.StatusOK {
		return 0, false, nil
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // 0: no header
	mayPass := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
	return time.Duration(seconds) * time.Second, mayPass, fmt.Errorf("the result of %s: %s", u.key.Node, response.Status)
}

//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
	"github.com/batch-job-controller/batch-job-controller/e2e/provider"
)

// latencies are the latencies of the callbacks of a pod.
type latencies struct {
	Requests        int
	Refused         []string // the rejected requests
	MedianMS, P95MS float64
}

// TestFlood lets the pod of one node exceed every limit: bodies of 1 GiB, 10,000 files, 1,000
// events a second and 2,000 slow connections.
func TestFlood(t *testing.T) {
	if len(env.nodes) < 2 {
		t.Skipf("this cluster has %d node, two are needed", len(env.nodes))
	}
	if env.provider.Name() == provider.Kubeconfig {
		t.Skip("images cannot be loaded into this cluster, which the flooder needs")
	}
	ctx := scenarioContext(t)
	image, err := env.load(ctx, "./e2e/suite/flooder")
	if err != nil {
		t.Fatal(err)
	}
	floods, measures := env.nodes[0], env.nodes[1]
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "flood"),
		Config: configuration(t, "flood", object{
			"podPoolSize": len(env.nodes), "savePodLog": true,
			"callback": object{"limits": object{"resultsPerTask": 10_000}},
		}),
		PodTemplate: floodTemplate(image.Name, floods),
		Service:     "callback",
	})
	peak := s.watchMemory(ctx)
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("it got what it is due", func(t *testing.T) {
		var sent struct{ Counts map[string]map[string]int }
		s.printed(t, ctx, e.ID, floods, &sent)
		t.Logf("answers: %v", sent.Counts)
		for what, want := range map[string]string{"huge file": "413", "file": "403", "event": "429"} {
			if sent.Counts[what][want] == 0 {
				t.Errorf("%s: no response %s", what, want)
			}
		}
		if taken := sent.Counts["event"]["200"]; taken > 30 {
			t.Errorf("%d events were accepted", taken)
		}
		if taken := sent.Counts["huge result"]["200"] + sent.Counts["huge file"]["200"]; taken > 0 {
			t.Errorf("%d bodies of 1 GiB were accepted", taken)
		}
	})
	t.Run("the callbacks of another node go on", func(t *testing.T) {
		var got struct{ Early, Quiet, Flooded latencies }
		s.printed(t, ctx, e.ID, measures, &got)
		t.Logf("before %+v, in the flood %+v: the median is %.1f times what it was", got.Quiet, got.Flooded, got.Flooded.MedianMS/got.Quiet.MedianMS)
		if got.Quiet.Requests == 0 || got.Flooded.Requests == 0 {
			t.Errorf("%d were sent before the flood and %d in it", got.Quiet.Requests, got.Flooded.Requests)
		}
		for _, refused := range slices.Concat(got.Early.Refused, got.Quiet.Refused, got.Flooded.Refused) {
			t.Errorf("a request was rejected: %s", refused)
		}
	})
	t.Run("the controller takes at most 256 MiB", func(t *testing.T) {
		t.Logf("the controller used %d MiB", peak.Load()>>20)
		if most := peak.Load(); most == 0 || most > 256<<20 {
			t.Errorf("the controller used %d MiB", most>>20)
		}
	})
	t.Run("it is seen in the metrics", func(t *testing.T) {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for kind, limit := range map[string]string{"file": "filesPerTask", "event": "eventInterval"} {
			got, err := metrics.Value("batch_job_controller_callback_limited_total", map[string]string{"kind": kind, "limit": limit})
			if err != nil || got == 0 {
				t.Errorf("%s: got %v, %v", limit, got, err)
			}
		}
	})
}

// floodTemplate runs the flooder, which floods on one node and measures on the others.
func floodTemplate(image, node string) string {
	template := podTemplate("")
	before, _, _ := strings.Cut(template, "      image: ")
	return before + fmt.Sprintf(`      image: %s
      imagePullPolicy: IfNotPresent
      args: [{{ if eq .NodeName %q }}flood{{ else }}measure{{ end }}]
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL] }
`, image, node)
}

// watchMemory returns the peak memory of the controller in bytes, and updates it until ctx
// ends.
func (s scenario) watchMemory(ctx context.Context) *atomic.Int64 {
	peak := new(atomic.Int64)
	go func() {
		ticker := time.NewTicker(pollInterval)
		defer ticker.Stop()
		for {
			if metrics, err := s.Metrics(ctx); err == nil {
				if now, err := metrics.Value("process_resident_memory_bytes", nil); err == nil {
					peak.Store(max(peak.Load(), int64(now)))
				}
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return peak
}

// printed decodes the output of the flooder on a node.
func (s scenario) printed(t *testing.T, ctx context.Context, id execution.ID, node string, into any) {
	t.Helper()
	text := s.uploaded(t, ctx, id, node+"-container-job.log")
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("node %s: %v: %s", node, err, text)
	}
}

//go:build e2e

package bench

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

const (
	// maxOpening bounds the time from the creation of an execution to its first Job.
	maxOpening      = 3 * time.Second
	openingPatience = 5 * time.Minute
)

// unscheduled pods end as soon as they are deleted: no kubelet has to confirm that.
const unscheduled = "  schedulerName: none\n"

// BenchmarkOpen measures how long an execution over many nodes takes from its creation until
// it is open, which is when all parts of its plan are written, and until its first Job is
// created. A template that names the node is rendered and decoded for each of them.
func BenchmarkOpen(b *testing.B) {
	n, rounds := number(b, "BENCH_OPEN_NODES", 15000), number(b, "BENCH_OPEN_ROUNDS", 3)
	nodes := rig.NewSite(b, shared, rig.Config{Quiet: true})
	began := time.Now()
	nodes.AddDeadNodes(n, fillNode)
	fmt.Printf("# %d nodes were added in %s\n", n, time.Since(began).Round(time.Second))
	for _, template := range []struct{ name, podSpec string }{
		{"same", unscheduled},
		{"of-each-node", unscheduled + "  hostname: '{{ .NodeName }}'\n"},
	} {
		all := openings(b, nodes, n, rounds, template.podSpec)
		slowest := slices.MaxFunc(all, func(x, y opening) int { return cmp.Compare(x.job, y.job) })
		b.Run(fmt.Sprintf("nodes=%d/template=%s", n, template.name), func(b *testing.B) {
			for b.Loop() { // the work is done above
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(slowest.open.Seconds(), "opened-s")
			b.ReportMetric(slowest.job.Seconds(), "first-job-s")
		})
		fmt.Printf("\nthe slowest of %d executions over %d nodes, template %s\n", rounds, n, template.name)
		target("first-job-s", slowest.job.Seconds(), maxOpening.Seconds())
	}
}

// opening is how long after its creation an execution was open, and had its first Job.
type opening struct{ open, job time.Duration }

// openings runs a server, and opens one execution after the other.
func openings(b *testing.B, nodes *rig.Site, n, rounds int, podSpec string) (all []opening) {
	b.Helper()
	site := rig.NewSite(b, shared, rig.Config{Pool: 1, RunFor: time.Hour, PodSpec: podSpec, Keys: map[string]any{
		"jobNodeSelector": nodes.NodeSelector(), "runOnStartup": false,
	}})
	replica := site.NewServer(1).WithArgs("--pprof-bind-address=127.0.0.1:6062")
	replica.Start()
	replica.WaitReady(openingPatience)
	replica.WaitMetrics(openingPatience, "it leads", func(m rig.Metrics) bool { return m.Sum("batch_job_controller_leader") == 1 })
	for round := range rounds {
		name := fmt.Sprintf("round%d", round+1)
		o := open(b, site, name, n)
		fmt.Printf("# %s: open after %s, first Job after %s\n", name, o.open.Round(time.Millisecond), o.job.Round(time.Millisecond))
		all = append(all, o)
		stopExecution(b, site, name)
	}
	replica.Stop()
	return all
}

// open creates an Execution, and waits for its first Job.
func open(b *testing.B, site *rig.Site, name string, nodes int) (o opening) {
	b.Helper()
	began := time.Now()
	_, err := site.Executions().Create(b.Context(), &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: rig.Name, Trigger: v1alpha1.ManualTrigger},
	}, metav1.CreateOptions{})
	if err != nil {
		b.Fatal(err)
	}
	var record *v1alpha1.Execution
	site.Audit.Until(openingPatience, name+" is open", func(s *audit.State) bool {
		record = recordOf(s, name)
		return record != nil && record.Status.Phase == v1alpha1.Open
	})
	o.open = time.Since(began)
	site.Audit.Until(openingPatience, name+" has a Job", func(s *audit.State) bool {
		for uid := range s.Of(execution.ID(record.Status.ExecutionID)).Jobs {
			o.job = s.FirstSeen[uid].Sub(began)
		}
		return o.job > 0
	})
	if c := record.Status.Counts; c == nil || int(c.Nodes) != nodes || int(c.Pending) != nodes {
		b.Errorf("%s is over %+v, want %d nodes", name, c, nodes)
	}
	for _, part := range record.Status.Plan.Parts {
		if _, err := site.Client.CoreV1().ConfigMaps(site.Namespace).Get(b.Context(), part.Name, metav1.GetOptions{}); err != nil {
			b.Errorf("a part of the plan of %s: %v", name, err)
		}
	}
	return o
}

func recordOf(s *audit.State, name string) *v1alpha1.Execution {
	for _, e := range s.Records {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// stopExecution cancels an execution, so that the next one can be opened.
func stopExecution(b *testing.B, site *rig.Site, name string) {
	b.Helper()
	_, err := site.Executions().Patch(b.Context(), name, types.MergePatchType, []byte(`{"spec": {"cancel": "Stop"}}`), metav1.PatchOptions{})
	if err != nil {
		b.Fatal(err)
	}
	site.Audit.Until(openingPatience, name+" is closed", func(s *audit.State) bool {
		e := recordOf(s, name)
		return e != nil && audit.Closed(e)
	})
}

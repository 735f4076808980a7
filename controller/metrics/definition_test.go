package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

func TestADefinitionThatIsRemovedLeavesNoSeries(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := metrics.New(registry)
	before := scrape(t, registry)
	disk, net := m.Of("disk"), m.Of("net")
	exercise(disk)
	disk.ExecutionClosed("failed", time.Minute)
	m.ResultStored("disk", 1)
	exercise(net)
	all := scrape(t, registry)
	m.Remove("disk")
	m.Remove("unknown")
	got := scrape(t, registry)
	if strings.Contains(got, `"disk"`) {
		t.Errorf("of the removed definition are left:\n%s", got)
	}
	ofNet := func(text string) (n int) { return strings.Count(text, `nodecronjob="net"`) }
	if ofNet(got) != ofNet(all) || ofNet(got) == 0 {
		t.Errorf("%d series of the other definition, before %d", ofNet(got), ofNet(all))
	}
	m.Remove("net")
	if got := scrape(t, registry, "batch_job_controller_executions", last); got != "" {
		t.Errorf("series of definitions are left:\n%s", got)
	}
	if strings.Contains(before, "nodecronjob") {
		t.Errorf("there are series before any definition:\n%s", before)
	}
}

// Each definition has the same series as every other, from its beginning on.
func TestDefinitionsAreCountedByThemselves(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := metrics.New(registry)
	disk, net := m.Of("disk"), m.Of("net")
	disk.TicksMissed(2)
	net.TicksMissed(3)
	m.Of("disk").TicksMissed(1) // the same metric again
	disk.SetLastReport(lastReport())
	want := `batch_job_controller_ticks_missed_total{nodecronjob="disk"} 3
batch_job_controller_ticks_missed_total{nodecronjob="net"} 3
`
	if got := scrape(t, registry, "batch_job_controller_ticks_missed_total{"); got != want {
		t.Errorf("got %s", got)
	}
	net.Forget()
	if got := scrape(t, registry, last+"id"); got != last+`id{nodecronjob="disk"} 2.026100512e+13`+"\n" {
		t.Errorf("got %s", got)
	}
}

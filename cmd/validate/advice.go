package validate

import (
	"fmt"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
)

// adviseSchedule warns of executions that overlap, of long grace periods, and of Jobs that
// are kept in vain.
func (c *checking) adviseSchedule() {
	cfg := c.Config
	grace := jobspec.Grace(c.Job.Spec.Template.Spec.TerminationGracePeriodSeconds)
	longest := time.Duration(cfg.BackoffLimit+1) * (cfg.StartDeadline + cfg.JobTimeout + grace)
	if c.period > 0 && c.period < longest {
		c.warn(c.key("cronExpression"), "an execution may start %s after the previous one, but may take %s (startDeadline %s, jobTimeout %s and a grace period of %s%s): ticks are skipped while an execution is open",
			c.period, longest, cfg.StartDeadline, cfg.JobTimeout, grace, retries(cfg.BackoffLimit))
	}
	if grace > usualGrace {
		c.warn(c.templatePath()+".spec.terminationGracePeriodSeconds", "a pod may keep its slot for %s after it is terminated: an execution may take %s for each round of the pool", grace, longest)
	}
	if cfg.JobHistory > cfg.ReportHistory {
		c.warn(c.key("jobHistory"), "%d exceeds reportHistory %d: Jobs are deleted with their execution, so only those of %d executions are kept", cfg.JobHistory, cfg.ReportHistory, cfg.ReportHistory)
	}
}

// usualGrace is a grace period that is enough for most pods.
const usualGrace = time.Minute

func retries(limit int32) string {
	if limit == 0 {
		return ""
	}
	return ", for each attempt of backoffLimit"
}

// adviseCapacity compares the configuration with what is known of the cluster.
func (c *checking) adviseCapacity() {
	in, cfg := c.Input, c.Config
	if in.Nodes > 0 && cfg.PodPoolSize > in.Nodes {
		c.warn(c.key("podPoolSize"), "%d exceeds the %d selected nodes: all of them run at once", cfg.PodPoolSize, in.Nodes)
	}
	if cfg.MaxPods > 0 && cfg.PodPoolSize > cfg.MaxPods {
		c.warn("podPoolSize", "%d exceeds maxPods: at most %d node tasks are in flight at once", cfg.PodPoolSize, cfg.MaxPods)
	}
	if in.Volume == 0 || in.Nodes <= 0 {
		return
	}
	l := cfg.Callback.Limits
	store := report.Options{Reserve: l.Reserve, FreeBytes: l.FreeBytes, FreePercent: l.FreePercent}
	usable := max(0, in.Volume-store.MinFree(in.Volume))
	// The newest execution comes on top of the history until it has closed.
	reports := int64(in.Nodes) * int64(cfg.ReportHistory+1)
	c.Share = usable / reports
	if in.Report > c.Share {
		c.warn(c.key("reportHistory"), "%d executions of %d nodes with %s each do not fit into %s: there is room for %s each, or for %d executions",
			cfg.ReportHistory, in.Nodes, size(in.Report), size(in.Volume), size(c.Share), max(0, usable/in.Report/int64(in.Nodes)-1))
	}
}

// size formats a number of bytes with a binary suffix, rounded down.
func size(n int64) string {
	unit, suffix := int64(1), ""
	for _, next := range []string{"Ki", "Mi", "Gi", "Ti"} {
		if n < unit<<10 {
			break
		}
		unit, suffix = unit<<10, next
	}
	return strings.TrimSuffix(fmt.Sprintf("%d.%d", n/unit, n%unit*10/unit), ".0") + suffix
}

package controller

import "github.com/batch-job-controller/batch-job-controller/controller/execution"

// mendReport has a report say that a node sent no result where the file is gone: a
// report that says otherwise leads people to what is not there. It returns of which
// nodes that was so.
func (c *Controller) mendReport(report *execution.Report) (mended []string) {
	for i := range report.Tasks {
		t := &report.Tasks[i]
		key := execution.Key{Execution: report.ID, Node: t.Node}
		if t.Reported && c.isGone(key) {
			t.Reported, mended = false, append(mended, t.Node)
		}
	}
	if n := len(mended); n > 0 {
		c.Log.Warn("stored results are gone, and count as not sent", "execution", report.ID, "gone", n, "nodes", nameSome(mended))
	}
	return mended
}

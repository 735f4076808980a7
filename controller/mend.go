package controller

import "github.com/batch-job-controller/batch-job-controller/controller/execution"

// mendReport has a report say that a node sent no result where the file is gone: a
// report that says otherwise leads people to what is not there. It reports whether
// that was so.
func (c *Controller) mendReport(report *execution.Report) (mended bool) {
	for i := range report.Tasks {
		t := &report.Tasks[i]
		key := execution.Key{Execution: report.ID, Node: t.Node}
		if !t.Reported || c.Store.HasResult(key) {
			continue
		}
		if body, err := c.Store.Result(key); body != nil || err != nil {
			continue // a disk that cannot be read has lost nothing yet
		}
		c.Log.Warn("the stored result of a node is gone, and counts as not sent", "execution", report.ID, "node", t.Node)
		t.Reported, mended = false, true
	}
	return mended
}
